/**
 * The state of a map run: a pure reduction of its events. The page, the terminal and a run resumed
 * after a device loss share it. It is plain data that survives structured cloning.
 */
import type { ProviderInfo } from '../../engine/engine.ts';
import { costOf, costOfAll, drawsAsked, mapsOf, sweepsOf, type Draws, type Maps } from './draws.ts';
import type { ModelFacts, RunEvent } from './events.ts';
import { measuredIn, type MeasuredModule, type RunResult } from './result.ts';
import type { ExperimentSpec } from '../spec.ts';

export interface Measurement {
  spec: ExperimentSpec;
  model: Omit<ModelFacts, 'modules'> & { modules: readonly MeasuredModule[] };
  provider: ProviderInfo;
  sequences: number;
  length: number;
  /**
   * Mean next-token cross entropy of the unperturbed model in nats per token; null before the clean
   * pass.
   */
  cleanLoss: number | null;
  /** By module, the values so far, in order of measurement. */
  measured: Draws;
  /** The maps computed from them (see `Maps`), on which ranks, intervals and charts are based. */
  draws: Draws;
  error: Maps['error'];
  /** The current probe, or the last one. */
  probing: { repeat: number; layer: number | null; modules: readonly number[] } | null;
  /** Milliseconds of computation so far, without pauses. */
  times: RunResult['times'];
  /** Layers run (see `costOf`) in `times.measure`, from which the remaining time is estimated. */
  layersRun: number;
  /** The result, once all repeats are measured. */
  result: RunResult | null;
}

/** Returns the next state. `start` resets it; throws if another event comes first. */
export function reduce(state: Measurement | null, event: RunEvent): Measurement {
  if (event.type === 'start') return started(event);
  if (!state) throw new Error(`a run cannot begin with "${event.type}"`);
  switch (event.type) {
    case 'clean':
      return {
        ...state,
        cleanLoss: event.loss,
        times: { ...state.times, clean: event.milliseconds },
      };
    case 'probing':
      return {
        ...state,
        probing: { repeat: event.repeat, layer: event.layer, modules: event.modules },
      };
    case 'draws':
      return withDraws(state, event);
    case 'sweep':
      return event.repeat > 0
        ? state
        : { ...state, times: { ...state.times, firstSweep: state.times.measure } };
    case 'done':
      return { ...state, probing: null, result: event.result, times: event.result.times };
  }
}

function started({
  spec,
  model,
  provider,
  sequences,
  length,
  known,
}: Extract<RunEvent, { type: 'start' }>): Measurement {
  if (known && known.measured.length !== model.modules.length)
    throw new RangeError('the known draws are of another model');
  const count = (draws: Draws) => draws.reduce((n, d) => n + d.length, 0);
  const measured = known
    ? known.measured.map((d) => d.slice(0, drawsAsked(spec.method)))
    : model.modules.map(() => []);
  // Draws beyond the requested number are dropped, and so is their share of the time.
  const share = known && count(known.measured) > 0 ? count(measured) / count(known.measured) : 0;
  const times = {
    clean: 0,
    measure: share * (known?.times?.measure ?? 0),
    firstSweep: sweepsOf(measured) > 0 ? (known?.times?.firstSweep ?? 0) : 0,
  };
  return {
    spec,
    model,
    provider,
    sequences,
    length,
    cleanLoss: null,
    measured,
    ...mapsOf(spec.method, model.modules, measured),
    probing: null,
    times,
    // Draws of an earlier run may have no time.
    layersRun:
      times.measure > 0
        ? costOfAll(spec.method, model, length) - layersLeft({ spec, model, length, measured })
        : 0,
    result: null,
  };
}

function withDraws(
  state: Measurement,
  { repeat, modules, values, milliseconds }: Extract<RunEvent, { type: 'draws' }>,
): Measurement {
  const measured = [...state.measured];
  modules.forEach((m, i) => {
    if (measured[m]?.length !== repeat)
      throw new Error(`draw ${repeat} of module ${m} is out of order`);
    measured[m] = [...measured[m], values[i]!];
  });
  return {
    ...state,
    measured,
    ...mapsOf(state.spec.method, state.model.modules, measured),
    times: { ...state.times, measure: state.times.measure + milliseconds },
    layersRun: modules.reduce(
      (sum, m) =>
        sum +
        costOf(state.spec.method, state.model, { length: state.length, module: m, draw: repeat }),
      state.layersRun,
    ),
  };
}

/** Layers still to run. */
function layersLeft({
  spec: { method },
  model,
  length,
  measured,
}: Pick<Measurement, 'spec' | 'model' | 'length' | 'measured'>): number {
  return measured.reduce((sum, values, m) => {
    for (let draw = values.length; draw < drawsAsked(method); draw++)
      sum += costOf(method, model, { length, module: m, draw });
    return sum;
  }, 0);
}

/** Remaining computation in milliseconds at the pace so far; null before the first draw. */
export function timeLeft(state: Measurement): number | null {
  if (state.result) return 0;
  return state.layersRun === 0 ? null : (layersLeft(state) * state.times.measure) / state.layersRun;
}

/** Fraction of the work that is done, 0 to 1. */
export const shareDone = (state: Measurement): number =>
  1 - layersLeft(state) / costOfAll(state.spec.method, state.model, state.length);

/** The state of a finished run from its file, for recorded runs and saved results. */
export function measurementOf(result: RunResult): Measurement {
  const measured = measuredIn(result);
  return {
    spec: result.spec,
    model: { ...result.model, modules: result.modules },
    provider: result.provider,
    sequences: result.tokens.sequences,
    length: result.tokens.length,
    cleanLoss: result.cleanLoss,
    measured,
    ...mapsOf(result.spec.method, result.modules, measured),
    probing: null,
    times: result.times,
    layersRun: 0,
    result,
  };
}
