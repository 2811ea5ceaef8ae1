/**
 * The state of a race: a pure reduction of its events to plain data, for the panel, the terminal,
 * the checkpoint and the file.
 */
import type { ProviderInfo } from '../../engine/engine.ts';
import type { Judging } from '../../methods/training.ts';
import type { ModelName } from '../map/events.ts';
import type { RaceEntry } from './entries.ts';
import type { RankingRow } from './ranking.ts';
import type { ExperimentSpec } from '../spec.ts';

/** One training run: an entry at a mean rank with a seed. */
export interface RaceRun {
  entry: RaceEntry;
  meanRank: number;
  seed: number;
  /** By module. */
  ranks: number[];
  parameters: number;
  /** Trained steps. */
  step: number;
  /**
   * Held-out loss in nats per token after this many steps. The first is the loss without an adapter
   * (`imported`: with the original adapter).
   */
  points: { step: number; loss: number }[];
  /** Time spent in training steps. */
  milliseconds: number;
  /** The step whose loss was not finite; the adapter is that of the step before. */
  stopped: number | null;
  /** The run made all its steps or stopped. */
  finished: boolean;
}

/** How an entry obtained its ranks. */
export interface RaceMeasurement {
  entry: RaceEntry;
  /** By module; null if the ranks do not follow from one number per module (random, EVA). */
  importances: number[] | null;
  /** null: taken from the map. */
  milliseconds: number | null;
}

export interface RaceState {
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  /** Paths of the modules, in the order of every list of ranks. */
  modules: string[];
  /** Number of sequences for training and for held-out evaluation. */
  sequences: { train: number; held: number };
  measuring: { entry: RaceEntry; done: number; of: number } | null;
  measured: RaceMeasurement[];
  /** Held-out loss without an adapter. */
  base: number | null;
  /** In the order they began. Saved files name them `lanes`. */
  lanes: RaceRun[];
  result: RaceResult | null;
}

/** The file of a finished race. */
export interface RaceResult extends Omit<RaceState, 'measuring' | 'base' | 'result'> {
  format: 'rank-atlas-race';
  version: 1;
  base: number;
  standings: RankingRow[];
}

export type RaceEvent =
  | {
      type: 'start';
      spec: ExperimentSpec;
      model: RaceState['model'];
      provider: ProviderInfo;
      versions: RaceState['versions'];
      modules: string[];
      sequences: RaceState['sequences'];
    }
  /** A resumed race, in its saved state. */
  | { type: 'resumed'; state: RaceState }
  | { type: 'base'; loss: number }
  | { type: 'measuring'; entry: RaceEntry; done: number; of: number }
  | ({ type: 'measured' } & RaceMeasurement)
  /** These runs begin. Except for `imported`, their adapters do not change the model yet. */
  | {
      type: 'lanes';
      lanes: Pick<RaceRun, 'entry' | 'meanRank' | 'seed' | 'ranks' | 'parameters'>[];
    }
  /**
   * Loss and gradient norm of the step's own batch. `lane` numbers the runs in the order they
   * began.
   */
  | {
      type: 'step';
      lane: number;
      step: number;
      of: number;
      loss: number;
      gradNorm: number;
      milliseconds: number;
    }
  | { type: 'held'; lane: number; step: number; loss: number }
  | Judging
  | { type: 'stopped'; lane: number; step: number }
  | { type: 'finished'; lane: number }
  | { type: 'done'; result: RaceResult };

/** Returns the state after one more event. A stream starts with `start` or `resumed`. */
export function reduceRace(state: RaceState | null, event: RaceEvent): RaceState {
  if (event.type === 'start') {
    const { spec, model, provider, versions, modules, sequences } = event;
    return {
      spec,
      model,
      provider,
      versions,
      modules,
      sequences,
      measuring: null,
      measured: [],
      base: null,
      lanes: [],
      result: null,
    };
  }
  if (event.type === 'resumed') return event.state;
  if (!state) throw new RangeError('a race begins with its start');
  const changed = (index: number, change: (changed: RaceRun) => Partial<RaceRun>): RaceState => ({
    ...state,
    lanes: state.lanes.map((l, i) => (i === index ? { ...l, ...change(l) } : l)),
  });
  switch (event.type) {
    case 'base':
      return { ...state, base: event.loss };
    case 'measuring':
      return { ...state, measuring: { entry: event.entry, done: event.done, of: event.of } };
    case 'measured': {
      const { entry, importances, milliseconds } = event;
      return {
        ...state,
        measuring: null,
        measured: [
          ...state.measured.filter((m) => m.entry !== entry),
          { entry, importances, milliseconds },
        ],
      };
    }
    case 'lanes': {
      // A new adapter leaves the loss unchanged; an imported one is evaluated first.
      const points = ({ entry }: Pick<RaceRun, 'entry'>) =>
        state.base === null || entry === 'imported' ? [] : [{ step: 0, loss: state.base }];
      return {
        ...state,
        lanes: [
          ...state.lanes,
          ...event.lanes.map((l): RaceRun => ({
            ...l,
            step: 0,
            points: points(l),
            milliseconds: 0,
            stopped: null,
            finished: false,
          })),
        ],
      };
    }
    case 'step':
      return changed(event.lane, (l) => ({
        step: event.step,
        milliseconds: l.milliseconds + event.milliseconds,
      }));
    case 'held':
      return changed(event.lane, (l) => ({
        points: [...l.points, { step: event.step, loss: event.loss }],
      }));
    case 'judging':
      return state;
    case 'stopped':
      return changed(event.lane, () => ({ stopped: event.step }));
    case 'finished':
      return changed(event.lane, () => ({ finished: true }));
    case 'done':
      return { ...state, result: event.result };
  }
}

/** Trained steps as a fraction of all steps of the race. */
export function raceProgress({ spec: { race, training }, lanes }: RaceState): number {
  return (
    lanes.reduce((sum, l) => sum + l.step, 0) /
    (race.entries.length * race.meanRanks.length * race.seeds * training.steps)
  );
}
