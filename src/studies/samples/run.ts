/**
 * The samples study: the base and the adapted model continue one prompt in turns, token by token.
 * Then each model scores the other's text. Without an adapter the base generates alone.
 */
import { defined } from '../../checked.ts';
import type { AdapterUse, FullEngine, GeneratedToken } from '../../engine/engine.ts';
import { sampler } from '../../methods/sampling.ts';
import { nameOf } from '../map/events.ts';
import { lossesOf } from './compare.ts';
import { type SampledAdapter, type SamplesEvent, type SamplesState, type Writer } from './state.ts';
import type { StudyContext } from '../context.ts';
import { adapterUse, adapterAtRank, type SavedAdapter } from '../saved-adapter.ts';
import { TokenText } from '../token-text.ts';

/**
 * Runs the samples study (`study.ts`). Throws `bad-text` for a prompt the model cannot take, and
 * what `derive` and the engine throw.
 */
export async function* runSamples(
  context: StudyContext,
  state: () => SamplesState,
): AsyncGenerator<SamplesEvent, void, undefined> {
  const { spec, model, provider, versions } = context;
  const { prompt: words, tokens, adapter: name, rank } = spec.samples;
  const found = name === null ? context.newest() : context.savedAdapter(name);
  const saved = found && rank !== null ? adapterAtRank(found, rank) : found;
  const adapter: SampledAdapter | null = found
    ? { name: found.name, rank: found.dyLora ? rank : null, base: found.base }
    : null;
  yield { type: 'start', spec, adapter };
  const prompt = await context.prompt(words);
  const stop = await context.endTokens();
  // An adapter runs on the weights it was trained on, and is compared with them.
  const engine =
    adapter && adapter.base !== 'as-is' ? await context.derive(adapter.base) : context.engine;
  const pair = saved ? await adaptersOn(engine, saved) : null;
  try {
    const writers = (pair ? (['base', 'adapted'] as const) : (['base'] as const)).map(
      (by) =>
        new WriterOf({
          by,
          context,
          engine,
          prompt,
          stop,
          use: by === 'adapted' ? defined(pair).use : undefined,
        }),
    );
    try {
      for (let writing = writers; writing.length > 0;) {
        const going: WriterOf[] = [];
        for (const writer of writing) {
          const event = await writer.next(tokens);
          if (!event) continue;
          yield event;
          going.push(writer);
        }
        writing = going;
      }
    } finally {
      for (const writer of writers) await writer.stop();
    }
    if (pair) {
      for (const { by, ids } of writers) {
        if (ids.length === 0) continue;
        const scores = await engine.score(
          Int32Array.of(...prompt, ...ids),
          by === 'base' ? pair.use : undefined,
        );
        yield { type: 'scored', by, other: Array.from(scores.slice(prompt.length - 1)) };
      }
    }
    const { texts, time } = state();
    yield {
      type: 'done',
      result: {
        format: 'rank-atlas-samples',
        version: 1,
        spec,
        model: nameOf(model),
        provider,
        versions,
        prompt: Array.from(prompt),
        adapter,
        texts,
        losses: { base: lossesOf(texts.base), adapted: lossesOf(texts.adapted) },
        time,
      },
    };
  } finally {
    pair?.dispose();
    if (engine !== context.engine) await engine.dispose();
  }
}

async function adaptersOn(
  engine: FullEngine,
  saved: SavedAdapter,
): Promise<{ use: AdapterUse; dispose(): void }> {
  const adapters = await engine.adapters(saved.values);
  return { use: adapterUse(saved, adapters), dispose: () => adapters.dispose() };
}

/** Generates the text of one model. */
class WriterOf {
  readonly by: Writer;
  readonly ids: number[] = [];
  private readonly context: StudyContext;
  private readonly tokens: AsyncGenerator<GeneratedToken, void, undefined>;
  private readonly text: TokenText;
  private readonly ends: readonly number[];

  constructor({
    by,
    context,
    engine,
    prompt,
    stop,
    use,
  }: {
    by: Writer;
    context: StudyContext;
    engine: FullEngine;
    prompt: Int32Array;
    stop: readonly number[];
    use: AdapterUse | undefined;
  }) {
    const {
      spec: {
        samples: { tokens, temperature, topP },
        seed,
      },
    } = context;
    this.ends = stop;
    this.by = by;
    this.context = context;
    // Both use the same random numbers, so the texts diverge only where the models differ.
    this.tokens = engine.generate({
      prompt,
      tokens,
      choose: sampler({ temperature, topP, seed }),
      stop,
      ...(use && { use }),
    });
    this.text = new TokenText(prompt, (ids) => context.decode(ids));
  }

  /** The next token; null at the end. */
  async next(of: number): Promise<Extract<SamplesEvent, { type: 'token' }> | null> {
    const { now } = this.context;
    const start = now();
    const next = await this.tokens.next();
    if (next.done) return null;
    const { id, logProbability } = next.value;
    const milliseconds = now() - start;
    const done = this.ids.push(id);
    return {
      type: 'token',
      by: this.by,
      id,
      text: await this.text.add(id, done === of || this.ends.includes(id)),
      logProbability,
      milliseconds,
      done,
      of,
    };
  }

  async stop(): Promise<void> {
    await this.tokens.return();
  }
}
