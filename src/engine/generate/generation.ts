/** Generates text with a model token by token, and scores the tokens of a given text. */
import { AtlasError } from '../../errors.ts';
import { AdapterInputs } from '../adapters/adapter-inputs.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { headFeeds } from '../adapters/device-adapters.ts';
import { bytesIn } from '../pieces/weight-form.ts';
import { capacityFor, checkCache, Continuation, type ContinuationParts } from './continuation.ts';
import { HeldDecoder, worthHolding, type DecoderKey } from './held-decoder.ts';
import type {
  AdapterUse,
  GeneratedToken,
  GeneratingEngine,
  GenerationRequest,
  WeightForm,
} from '../engine.ts';
import { scoresOf } from '../head/token-scores.ts';
import { checkTokens } from '../tokens.ts';

/** The model by the form of its weights; undefined if the engine has it in the other form only. */
export type HoldableModels = Partial<Record<WeightForm, CompiledModel>>;

/** Runs a task when no other task runs. */
type Exclusive = <T>(task: () => Promise<T>) => Promise<T>;

export class Generation implements GeneratingEngine {
  private readonly parts: ContinuationParts;
  private readonly exclusive: Exclusive;
  private readonly budget: number;
  private readonly models: HoldableModels;
  private decoder: HeldDecoder | null = null;

  constructor(
    parts: Omit<ContinuationParts, 'inputs'>,
    exclusive: Exclusive,
    { budget, models }: { budget: number; models: HoldableModels },
  ) {
    this.models = models;
    this.parts = { ...parts, inputs: new AdapterInputs(parts.model, parts.backend) };
    this.exclusive = exclusive;
    this.budget = budget;
  }

  async *generate({
    prompt,
    tokens,
    choose,
    stop,
    use,
  }: GenerationRequest): AsyncGenerator<GeneratedToken, void, undefined> {
    this.check(prompt);
    const { vocab, maxLength } = this.parts.model;
    const maxTokens = Math.min(tokens, maxLength + 1 - prompt.length);
    if (maxTokens < 1) return;
    // The last generated token does not enter the cache.
    const text = await this.exclusive(() =>
      this.open(prompt.length + maxTokens - 1, use, maxTokens - 1),
    );
    try {
      for (let index = 0, next = prompt; index < maxTokens; index++) {
        const ids = next;
        const logits = await this.exclusive(() => text.append(ids));
        const id = choose(logits, index);
        const { logLikelihood } = await scoresOf([{ row: 0, token: id }], async (_, visit) =>
          visit(0, vocab, logits),
        );
        const logProbability = logLikelihood[0]!;
        if (Number.isNaN(logProbability))
          throw new AtlasError(use ? 'adapter-not-finite' : 'model-not-finite');
        yield { id, logProbability };
        if (stop?.includes(id)) return;
        next = Int32Array.of(id);
      }
    } finally {
      text.dispose();
    }
  }

  score(ids: Int32Array, use?: AdapterUse): Promise<Float64Array> {
    return this.exclusive(async () => {
      this.check(ids);
      const text = await this.open(ids.length, use);
      try {
        return await text.score(ids);
      } finally {
        text.dispose();
      }
    });
  }

  async dispose(): Promise<void> {
    this.parts.inputs.dispose();
    await this.decoder?.dispose();
  }

  /** `singles`: the number of tokens that will be appended one by one. */
  private async open(length: number, use?: AdapterUse, singles = 0): Promise<Continuation> {
    const capacity = capacityFor(length, this.parts.model.maxLength);
    checkCache(this.parts.model, capacity, this.budget);
    const single = await this.held({ capacity, adapted: use !== undefined }, singles, use);
    return Continuation.open(this.parts, { length, use, single });
  }

  /**
   * The decoder that holds the weights, if that is worthwhile. Only one exists at a time. It has no
   * inputs for an adapter of the vocabulary projection.
   */
  private async held(
    key: DecoderKey,
    tokens: number,
    use: AdapterUse | undefined,
  ): Promise<HeldDecoder | null> {
    const { budget } = this;
    const { backend } = this.parts;
    const form = backend.holds?.form ?? 'packed';
    const held = this.models[form];
    const { decoder } = this;
    const same = decoder?.key.capacity === key.capacity && decoder.key.adapted === key.adapted;
    const whole = (use && headFeeds(use, backend)) === undefined;
    if (!whole || !held) return null;
    if (same) return decoder;
    if (!worthHolding(backend, { tokens, bytes: bytesIn(form, held), budget })) return null;
    this.decoder = null;
    await decoder?.dispose();
    return (this.decoder = await HeldDecoder.open(held, backend, key));
  }

  private check(ids: Int32Array): void {
    if (ids.length === 0)
      throw new AtlasError('bad-text', { why: 'it is empty', remedy: 'Write at least one word.' });
    checkTokens(
      { ids, sequences: 1, length: ids.length },
      this.parts.model.vocab,
      this.parts.model.maxLength,
    );
  }
}
