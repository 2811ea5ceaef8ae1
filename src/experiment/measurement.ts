/**
 * Where a run stands: a pure reduction of its events. The page, the terminal and a run that is taken up again after a
 * device loss all hold this, plain data that survives structured cloning.
 */
import type { ProviderInfo } from '../engine/engine.ts';
import type { ModelFacts, RunEvent } from './events.ts';
import type { MeasuredModule, RunResult } from './result.ts';
import type { ExperimentSpec } from './spec.ts';

export interface Measurement {
  spec: ExperimentSpec;
  model: Omit<ModelFacts, 'modules'> & { modules: readonly MeasuredModule[] };
  provider: ProviderInfo;
  sequences: number;
  length: number;
  /** Mean next-token cross entropy of the untouched model, nats per token; null before the clean pass. */
  cleanLoss: number | null;
  /** By module, one value per repeat so far. */
  draws: readonly (readonly number[])[];
  /** What is being probed now. */
  probing: { repeat: number; layer: number; modules: readonly number[] } | null;
  /** Milliseconds computed so far, pauses left out. */
  times: RunResult['times'];
  /** Layers run (counted per probe, see `costOf`) in `times.measure`: what time left is reckoned from. */
  layersRun: number;
  /** The result, once all repeats are there. */
  result: RunResult | null;
}

/** The next state. A `start` begins anew; anything else before it is an error of the caller. */
export function reduce(state: Measurement | null, event: RunEvent): Measurement {
  if (event.type === 'start') {
    const { spec, model, provider, sequences, length } = event;
    return {
      spec, model, provider, sequences, length, cleanLoss: null, draws: model.modules.map(() => []), probing: null,
      times: { clean: 0, measure: 0, firstSweep: 0 }, layersRun: 0, result: null,
    };
  }
  if (!state) throw new Error(`a run cannot begin with "${event.type}"`);
  switch (event.type) {
    case 'clean': return { ...state, cleanLoss: event.loss, times: { ...state.times, clean: event.milliseconds } };
    case 'probing': return { ...state, probing: { repeat: event.repeat, layer: event.layer, modules: event.modules } };
    case 'draws': return withDraws(state, event);
    case 'sweep': return event.repeat > 0 ? state : { ...state, times: { ...state.times, firstSweep: event.milliseconds } };
    case 'done': return { ...state, probing: null, result: event.result, times: event.result.times };
  }
}

function withDraws(state: Measurement, { repeat, layer, modules, values, milliseconds }: Extract<RunEvent, { type: 'draws' }>): Measurement {
  const draws = [...state.draws];
  modules.forEach((m, i) => {
    if (draws[m]?.length !== repeat) throw new Error(`draw ${repeat} of module ${m} is out of order`);
    draws[m] = [...draws[m], values[i]!];
  });
  return {
    ...state, draws, probing: null,
    times: { ...state.times, measure: state.times.measure + milliseconds },
    // Draws taken over from an earlier run may come without their time.
    layersRun: state.layersRun + (milliseconds > 0 ? modules.length * costOf(state, layer) : 0),
  };
}

/** A probe runs its own layer, those after it, and the head (as dear as one more layer, near enough). */
const costOf = (state: Measurement, layer: number) => state.model.layers - layer + 1;

/** Repeats that every module has. */
export const sweepsOf = (draws: Measurement['draws']): number => (draws.length === 0 ? 0 : Math.min(...draws.map((d) => d.length)));

/** Milliseconds of computing left, from the pace so far; null before the first draw. */
export function timeLeft(state: Measurement): number | null {
  if (state.result) return 0;
  if (state.layersRun === 0) return null;
  let layers = 0;
  state.model.modules.forEach((m, i) => { layers += Math.max(0, state.spec.method.repeats - state.draws[i]!.length) * costOf(state, m.layer); });
  return (layers * state.times.measure) / state.layersRun;
}

/** A finished measurement, from its file: for recorded runs and kept results. */
export function measurementOf(result: RunResult): Measurement {
  return {
    spec: result.spec, model: { ...result.model, modules: result.modules }, provider: result.provider,
    sequences: result.tokens.sequences, length: result.tokens.length, cleanLoss: result.cleanLoss,
    draws: result.modules.map((m) => m.draws), probing: null, times: result.times, layersRun: 0, result,
  };
}
