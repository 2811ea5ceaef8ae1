/**
 * The run loop: an experiment in, a stream of events out. It computes only when the next event is
 * asked for, so a caller pauses by not asking, steps by asking with `control` set to single
 * modules, and stops with `return()`.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { CleanPass, Engine, TokenBatch } from '../../engine/engine.ts';
import { adaRank } from '../../methods/adarank.ts';
import { combinedDraws } from '../../methods/combined.ts';
import { jacobianProbe, type JacobianEngine } from '../../methods/jacobian.ts';
import type { Control, Known, MeasuringEvent } from '../../methods/measuring.ts';
import { sha256 } from '../../model/sha256.ts';
import { drawsAsked } from './draws.ts';
import type { ModelFacts, RunEvent } from './events.ts';
import type { Measurement } from './state.ts';
import { buildResult, type RunResult } from './result.ts';
import type { ExperimentSpec } from '../spec.ts';

/** What measuring asks of an engine. */
export type MeasuringEngine = Engine & JacobianEngine;

export interface RunOptions {
  spec: ExperimentSpec;
  engine: MeasuringEngine;
  /**
   * The tokens to measure on; may be fewer than the experiment asks for where the text is short.
   */
  batch: TokenBatch;
  model: ModelFacts;
  versions: RunResult['versions'];
  /** Default: as much at a time as computes well. */
  control?: Control;
  /** Milliseconds, monotonic. */
  now?: () => number;
  /**
   * Draws of an earlier run of the same measurement (see `sameMeasurement`), to go on from; its
   * times, if they are to be counted.
   */
  known?: Pick<Measurement, 'measured'> & { times?: Pick<RunResult['times'], 'measure'> };
}

const unwatched: Control = { granularity: () => 'batch' };

/**
 * `start`, `clean`, then by repeat (and layer, where the method goes by layers) `probing` and
 * `draws`, after each repeat `sweep`, at last `done`. Known draws are said again first, so that the
 * stream alone tells the whole run. Throws what the engine throws, `not-finite`, or
 * `no-importance`; what was said before stands, and can be handed to the next run as `known`.
 */
export async function* runExperiment(
  options: RunOptions,
): AsyncGenerator<RunEvent, void, undefined> {
  const {
    spec,
    engine,
    batch,
    model,
    versions,
    control = unwatched,
    now = () => performance.now(),
  } = options;
  const { sequences, length } = batch;
  const startedAt = new Date().toISOString();
  const known = knownOf(options);

  yield { type: 'start', spec, model, provider: engine.provider, sequences, length };
  const start = now();
  const pass = await engine.cleanPass(batch);
  try {
    const times = { clean: now() - start, measure: 0, firstSweep: 0 };
    if (!Number.isFinite(pass.loss))
      throw new AtlasError('bad-graph', {
        file: model.title,
        why: 'its predictions are not finite numbers',
      });
    yield { type: 'clean', loss: pass.loss, milliseconds: times.clean };

    const measured = model.modules.map((): number[] => []);
    let sweep = 0;
    const counted = (event: DrawsEvent) => {
      event.modules.forEach((m, i) => elementAt(measured, m).push(event.values[i]!));
      times.measure += event.milliseconds;
      sweep += event.milliseconds;
      return event;
    };
    for (const event of retold(model, known, 0)) yield counted(event);
    for await (const event of measuring({
      spec,
      engine,
      pass,
      control,
      known: (m, repeat) => repeat < elementAt(known.draws, m).length,
      now,
    })) {
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

/** The method's own part of a run. */
function measuring({
  spec: { seed, method },
  engine,
  pass,
  control,
  known,
  now,
}: {
  spec: ExperimentSpec;
  engine: MeasuringEngine;
  pass: CleanPass;
  control: Control;
  known: Known;
  now: () => number;
}): AsyncGenerator<MeasuringEvent, void, undefined> {
  switch (method.name) {
    case 'adarank':
      return adaRank({ engine, pass, options: { seed, ...method }, control, known, now });
    case 'jacobian':
      return jacobianProbe({
        engine,
        pass,
        options: { seed, noise: method.noise, draws: method.repeats, perToken: method.perToken },
        control,
        known,
        now,
      });
    case 'combined':
      return combinedDraws({
        engine,
        pass,
        options: { seed, noise: method.noise, signs: method.signs, repeats: method.repeats },
        control,
        known,
        now,
      });
  }
}

type DrawsEvent = Extract<RunEvent, { type: 'draws' }>;

interface Retold {
  draws: number[][];
  millisecondsPerDraw: number;
}

function knownOf({ known, model, spec }: RunOptions): Retold {
  if (!known) return { draws: model.modules.map(() => []), millisecondsPerDraw: 0 };
  if (known.measured.length !== model.modules.length)
    throw new RangeError('the known draws are of another model');
  const count = known.measured.reduce((n, d) => n + d.length, 0);
  return {
    draws: known.measured.map((d) => d.slice(0, drawsAsked(spec.method))),
    millisecondsPerDraw: known.times && count > 0 ? known.times.measure / count : 0,
  };
}

/** The known draws of one repeat, as the events they once were; their time is the mean one. */
function* retold(
  model: ModelFacts,
  { draws, millisecondsPerDraw }: Retold,
  repeat: number,
): Generator<DrawsEvent, void, undefined> {
  for (let layer = 0; layer < model.layers; layer++) {
    const modules = model.modules.flatMap((m, i) =>
      m.layer === layer && elementAt(draws, i).length > repeat ? [i] : [],
    );
    if (modules.length === 0) continue;
    yield {
      type: 'draws',
      repeat,
      layer,
      modules,
      values: modules.map((m) => elementAt(draws, m)[repeat]!),
      milliseconds: modules.length * millisecondsPerDraw,
    };
  }
}

/** sha-256 of the ids as little-endian int32, whatever the machine's own order. */
export function tokensHash(ids: Int32Array): string {
  const bytes = new Uint8Array(ids.length * 4);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, i) => view.setInt32(4 * i, id, true));
  return sha256(bytes);
}
