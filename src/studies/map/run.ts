/**
 * The map study: measures every module by the experiment's method and allocates ranks. For single
 * steps the caller sets `control` to single modules.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { MeasuringEngine } from '../../methods/importance/contract.ts';
import type { Control } from '../../methods/importance/measuring.ts';
import { methodOf } from '../../methods/importance/registry.ts';
import { tokensHash } from './tokens-hash.ts';
import { sweepsOf } from './draws.ts';
import type { StudyContext } from '../context.ts';
import type { KnownDraws, RunEvent } from './events.ts';
import type { Measurement } from './state.ts';
import { buildResult } from './result.ts';

/** The part of a study's context that a measurement needs. */
export interface MapContext extends Pick<
  StudyContext,
  'spec' | 'model' | 'versions' | 'tokens' | 'control' | 'checkpoint' | 'now'
> {
  engine: MeasuringEngine;
}

const unwatched: Control = { granularity: () => 'batch' };

/**
 * Yields `start` and `clean`; then by repeat (and by layer, for methods that work by layer)
 * `probing` and `draws`, and `sweep` after each repeat; finally `done`. Its checkpoint is the draws
 * so far. Throws `bad-text`, `bad-graph`, what the engine throws, `not-finite` and `no-importance`;
 * earlier draws remain in the state.
 */
export async function* runMap(
  context: MapContext,
  state: () => Measurement,
): AsyncGenerator<RunEvent, void, undefined> {
  const { spec, engine, model, versions, control = unwatched, checkpoint, now } = context;
  const { method, seed } = spec;
  const { draws } = await methodOf(method.name).code();
  // The text may be shorter than the experiment requests.
  const batch = await context.tokens(spec.text, spec);
  const { sequences, length } = batch;
  const startedAt = new Date().toISOString();
  const known = checkpoint?.from as KnownDraws | undefined;
  yield {
    type: 'start',
    spec,
    model,
    provider: engine.provider,
    sequences,
    length,
    ...(known && { known }),
  };
  const { measured: before } = state();
  checkpoint?.offer(async (): Promise<KnownDraws> => {
    const { measured, times } = state();
    return { measured, times };
  });
  const start = now();
  const pass = await engine.cleanPass(batch);
  try {
    if (!Number.isFinite(pass.loss))
      throw new AtlasError('bad-graph', {
        file: model.title,
        why: 'its logits are not finite',
      });
    yield { type: 'clean', loss: pass.loss, milliseconds: now() - start };
    let counted = state().times.measure;
    for await (const event of draws({
      engine,
      pass,
      settings: method,
      seed,
      control,
      known: (m, repeat) => repeat < elementAt(before, m).length,
      now,
    })) {
      if (event.type !== 'sweep') yield event;
      else if (event.repeat >= sweepsOf(before)) {
        const { measure } = state().times;
        yield { ...event, milliseconds: measure - counted };
        counted = measure;
      }
    }
    const { times, measured } = state();
    const tokens = { sequences, length, hash: tokensHash(batch.ids) };
    yield {
      type: 'done',
      result: buildResult(
        {
          spec,
          model,
          tokens,
          provider: engine.provider,
          versions,
          startedAt,
          times,
          cleanLoss: pass.loss,
        },
        measured,
      ),
    };
  } finally {
    pass.dispose();
  }
}
