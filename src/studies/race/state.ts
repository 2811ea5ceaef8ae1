/**
 * Where a race stands: a pure reduction of its events, plain data for the plate, the terminal, the
 * checkpoint and the file.
 */
import type { ProviderInfo } from '../../engine/engine.ts';
import type { Judging } from '../../methods/training.ts';
import type { ModelName } from '../map/events.ts';
import type { RaceEntry } from './lanes.ts';
import type { Standing } from './standings.ts';
import type { ExperimentSpec } from '../spec.ts';

/** One training run: an entry at a mean rank with a seed. */
export interface RaceLane {
  entry: RaceEntry;
  meanRank: number;
  seed: number;
  /** By module. */
  ranks: number[];
  parameters: number;
  /** Steps trained. */
  step: number;
  /**
   * Held-out loss after so many steps, nats per token; the first is that of the model as it is
   * (`imported`: with the adapter as it came).
   */
  points: { step: number; loss: number }[];
  /** Spent in training steps. */
  milliseconds: number;
  /** The step whose loss was no number; the adapter is that of the step before. */
  stopped: number | null;
  /** All its steps are made, or it stopped. */
  finished: boolean;
}

/** How an entry came to its ranks. */
export interface RaceMeasurement {
  entry: RaceEntry;
  /** By module; null where ranks do not come from one number a module (random, EVA). */
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
  /** Sequences there are to train on and to judge by. */
  sequences: { train: number; held: number };
  measuring: { entry: RaceEntry; done: number; of: number } | null;
  measured: RaceMeasurement[];
  /** Held-out loss of the model as it is. */
  base: number | null;
  lanes: RaceLane[];
  result: RaceResult | null;
}

/** The file of a finished race. */
export interface RaceResult extends Omit<RaceState, 'measuring' | 'base' | 'result'> {
  format: 'rank-atlas-race';
  version: 1;
  base: number;
  standings: Standing[];
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
  /** A race taken up again, as it stood. */
  | { type: 'resumed'; state: RaceState }
  | { type: 'base'; loss: number }
  | { type: 'measuring'; entry: RaceEntry; done: number; of: number }
  | ({ type: 'measured' } & RaceMeasurement)
  /** These begin, from adapters that change nothing yet (but `imported`). */
  | {
      type: 'lanes';
      lanes: Pick<RaceLane, 'entry' | 'meanRank' | 'seed' | 'ranks' | 'parameters'>[];
    }
  /** Loss and gradient norm of the step's own batch; `lane` counts in the order the lanes began. */
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

/** The state after one more event. A stream begins with `start` or `resumed`. */
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
  const lane = (index: number, change: (lane: RaceLane) => Partial<RaceLane>): RaceState => ({
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
      // A fresh adapter changes nothing yet; one that was trained before is judged first.
      const points = ({ entry }: Pick<RaceLane, 'entry'>) =>
        state.base === null || entry === 'imported' ? [] : [{ step: 0, loss: state.base }];
      return {
        ...state,
        lanes: [
          ...state.lanes,
          ...event.lanes.map((l): RaceLane => ({
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
      return lane(event.lane, (l) => ({
        step: event.step,
        milliseconds: l.milliseconds + event.milliseconds,
      }));
    case 'held':
      return lane(event.lane, (l) => ({
        points: [...l.points, { step: event.step, loss: event.loss }],
      }));
    case 'judging':
      return state;
    case 'stopped':
      return lane(event.lane, () => ({ stopped: event.step }));
    case 'finished':
      return lane(event.lane, () => ({ finished: true }));
    case 'done':
      return { ...state, result: event.result };
  }
}

/** Steps made of all that there will be. */
export function raceProgress({ spec: { race, training }, lanes }: RaceState): number {
  return (
    lanes.reduce((sum, l) => sum + l.step, 0) /
    (race.entries.length * race.meanRanks.length * race.seeds * training.steps)
  );
}
