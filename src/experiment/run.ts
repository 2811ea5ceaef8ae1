/**
 * The run loop: an experiment in, a stream of events out. It computes only when the next event is asked for, so a caller
 * pauses by not asking, steps by asking with `control` set to single modules, and stops with `return()`.
 */
import { AtlasError } from '../errors.ts';
import type { Engine, TokenBatch } from '../engine/engine.ts';
import { adaRank, type Control } from '../methods/adarank.ts';
import { sha256 } from '../model/sha256.ts';
import type { ModelFacts, RunEvent } from './events.ts';
import type { Measurement } from './measurement.ts';
import { buildResult, type RunResult } from './result.ts';
import type { ExperimentSpec } from './spec.ts';

export interface RunOptions {
  spec: ExperimentSpec;
  engine: Engine;
  /** The tokens to measure on; may be fewer than the experiment asks for where the text is short. */
  batch: TokenBatch;
  model: ModelFacts;
  versions: RunResult['versions'];
  /** Default: a layer at a time. */
  control?: Control;
  /** Milliseconds, monotonic. */
  now?: () => number;
  /** Draws of an earlier run of the same measurement (see `sameMeasurement`), to go on from; its times, if they are to be counted. */
  known?: Pick<Measurement, 'draws'> & { times?: Pick<RunResult['times'], 'measure' | 'firstSweep'> };
}

const byLayer: Control = { granularity: () => 'layer' };

/**
 * `start`, `clean`, then by repeat and layer `probing` and `draws`, after each repeat `sweep`, at last `done`. Known draws
 * are said again first, so that the stream alone tells the whole run. Throws what the engine throws, `not-finite`, or
 * `no-importance`; what was said before stands, and can be handed to the next run as `known`.
 */
export async function* runExperiment(options: RunOptions): AsyncGenerator<RunEvent, void, undefined> {
  const { spec, engine, batch, model, versions, control = byLayer, now = () => performance.now() } = options;
  const { sequences, length } = batch;
  const startedAt = new Date().toISOString();
  const known = (options.known?.draws ?? model.modules.map(() => [])).map((d) => d.slice(0, spec.method.repeats));
  if (known.length !== model.modules.length) throw new RangeError('known draws are of another model');

  yield { type: 'start', spec, model, provider: engine.provider, sequences, length };
  let start = now();
  const pass = await engine.cleanPass(batch);
  try {
    const times = { clean: now() - start, measure: 0, firstSweep: 0 };
    if (!Number.isFinite(pass.loss)) throw new AtlasError('bad-graph', { file: model.title, why: 'its predictions are not finite numbers' });
    yield { type: 'clean', loss: pass.loss, milliseconds: times.clean };

    const draws = model.modules.map((): number[] => []);
    let sweep = 0;
    const count = (event: Extract<RunEvent, { type: 'draws' }>) => {
      event.modules.forEach((m, i) => draws[m]!.push(event.values[i]!));
      times.measure += event.milliseconds;
      sweep += event.milliseconds;
      return event;
    };
    // adaRank works sweep by sweep, so what is known of a sweep is said when its turn comes.
    const retold = retell(model, known, options.known?.times?.measure ?? 0);
    for (const event of retold(0)) yield count(event);
    const adaRankOptions = { seed: spec.seed, ...spec.method };
    for await (const event of adaRank(engine, pass, adaRankOptions, control, (m, repeat) => repeat < known[m]!.length, now)) {
      if (event.type === 'probing') yield event;
      else if (event.type === 'draws') yield count(event);
      else {
        const milliseconds = event.repeat === 0 ? (times.firstSweep = Math.max(sweep, options.known?.times?.firstSweep ?? 0)) : sweep;
        yield { type: 'sweep', repeat: event.repeat, milliseconds };
        sweep = 0;
        for (const again of retold(event.repeat + 1)) yield count(again);
      }
    }
    start = 0;
    const tokens = { sequences, length, hash: tokensHash(batch) };
    yield {
      type: 'done',
      result: buildResult({ spec, model, tokens, provider: engine.provider, versions, startedAt, times, cleanLoss: pass.loss }, draws),
    };
  } finally {
    pass.dispose();
  }
}
