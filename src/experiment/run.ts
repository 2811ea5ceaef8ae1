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
  known?: Pick<Measurement, 'draws'> & { times?: Pick<RunResult['times'], 'measure'> };
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
  const known = knownOf(options);

  yield { type: 'start', spec, model, provider: engine.provider, sequences, length };
  const start = now();
  const pass = await engine.cleanPass(batch);
  try {
    const times = { clean: now() - start, measure: 0, firstSweep: 0 };
    if (!Number.isFinite(pass.loss)) throw new AtlasError('bad-graph', { file: model.title, why: 'its predictions are not finite numbers' });
    yield { type: 'clean', loss: pass.loss, milliseconds: times.clean };

    const draws = model.modules.map((): number[] => []);
    let sweep = 0;
    const counted = (event: DrawsEvent) => {
      event.modules.forEach((m, i) => draws[m]!.push(event.values[i]!));
      times.measure += event.milliseconds;
      sweep += event.milliseconds;
      return event;
    };
    for (const event of retold(model, known, 0)) yield counted(event);
    for await (const event of adaRank(engine, pass, { seed: spec.seed, ...spec.method }, control, (m, repeat) => repeat < known.draws[m]!.length, now)) {
      if (event.type === 'probing') yield event;
      else if (event.type === 'draws') yield counted(event);
      else {
        if (event.repeat === 0) times.firstSweep = sweep;
        yield { ...event, milliseconds: sweep };
        sweep = 0;
        for (const again of retold(model, known, event.repeat + 1)) yield counted(again);
      }
    }
    const tokens = { sequences, length, hash: tokensHash(batch.ids) };
    yield {
      type: 'done',
      result: buildResult({ spec, model, tokens, provider: engine.provider, versions, startedAt, times, cleanLoss: pass.loss }, draws),
    };
  } finally {
    pass.dispose();
  }
}

type DrawsEvent = Extract<RunEvent, { type: 'draws' }>;

interface Known { draws: number[][]; millisecondsPerDraw: number }

function knownOf({ known, model, spec }: RunOptions): Known {
  if (!known) return { draws: model.modules.map(() => []), millisecondsPerDraw: 0 };
  if (known.draws.length !== model.modules.length) throw new RangeError('the known draws are of another model');
  const count = known.draws.reduce((n, d) => n + d.length, 0);
  return { draws: known.draws.map((d) => d.slice(0, spec.method.repeats)), millisecondsPerDraw: known.times && count > 0 ? known.times.measure / count : 0 };
}

/** The known draws of one repeat, as the events they once were; their time is the mean one. */
function* retold(model: ModelFacts, { draws, millisecondsPerDraw }: Known, repeat: number): Generator<DrawsEvent, void, undefined> {
  for (let layer = 0; layer < model.layers; layer++) {
    const modules = model.modules.flatMap((m, i) => (m.layer === layer && draws[i]!.length > repeat ? [i] : []));
    if (modules.length === 0) continue;
    yield { type: 'draws', repeat, layer, modules, values: modules.map((m) => draws[m]![repeat]!), milliseconds: modules.length * millisecondsPerDraw };
  }
}

/** sha-256 of the ids as little-endian int32, whatever the machine's own order. */
export function tokensHash(ids: Int32Array): string {
  const bytes = new Uint8Array(ids.length * 4), view = new DataView(bytes.buffer);
  ids.forEach((id, i) => view.setInt32(4 * i, id, true));
  return sha256(bytes);
}
