/** Generates text with a model token by token, and scores the tokens of a given text. */
import { AtlasError } from '../../errors.ts';
import { AdapterInputs } from '../adapters/adapter-inputs.ts';
import { Continuation, type ContinuationParts } from './continuation.ts';
import type { AdapterUse, GeneratedToken, GeneratingEngine, GenerationRequest } from '../engine.ts';
import { scoresOf } from '../head/token-scores.ts';
import { checkTokens } from '../tokens.ts';

/** Runs a task when no other task runs. */
type Exclusive = <T>(task: () => Promise<T>) => Promise<T>;

export class Generation implements GeneratingEngine {
  private readonly parts: ContinuationParts;
  private readonly exclusive: Exclusive;
  private readonly budget: number;

  constructor(parts: Omit<ContinuationParts, 'inputs'>, exclusive: Exclusive, budget: number) {
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
    const text = await this.exclusive(async () => this.open(prompt.length + maxTokens - 1, use));
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

  dispose(): void {
    this.parts.inputs.dispose();
  }

  private open(length: number, use?: AdapterUse): Promise<Continuation> {
    return Continuation.open(this.parts, length, this.budget, use);
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
