/** The state of the train study: a pure reduction of its events to plain data. */
import type { RankLoss } from '../../methods/qdylora.ts';
import type { TrainEvent, TrainResult } from './run.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { TrainingFinding } from './training.ts';

/** One training run so far. */
export interface TrainingProgress {
  /** The largest module's rank. */
  rank: number;
  parameters: number;
  /** Loss of every step's batch before its update, and the held-out losses; nats per token. */
  losses: number[];
  evaluations: { step: number; loss: number }[];
  /** Milliseconds in steps. */
  time: number;
}

export interface TrainState {
  spec: ExperimentSpec;
  /** The largest rank of a module, which is the last of the curve. */
  maxRank: number;
  compare: number[];
  /** Memory of the linear layers, once they are loaded. */
  base: { bytes: number; perWeight: number } | null;
  /**
   * The training runs that have begun. 0: the experiment's; i + 1: the LoRA at rank `compare[i]`.
   */
  trainings: TrainingProgress[];
  /** Held-out loss at the ranks measured so far, in ascending order, without further training. */
  curve: RankLoss[];
  result: TrainResult | null;
}

/** Returns the next state. `start` resets it; throws if another event comes first. */
export function reduceTrain(state: TrainState | null, event: TrainEvent): TrainState {
  if (event.type === 'start')
    return {
      spec: event.spec,
      maxRank: event.maxRank,
      compare: event.compare,
      base: null,
      trainings: [],
      curve: [],
      result: null,
    };
  if (!state) throw new Error(`a study cannot begin with "${event.type}"`);
  switch (event.type) {
    case 'base':
      return { ...state, base: { bytes: event.bytes, perWeight: event.perWeight } };
    case 'training': {
      const rank = event.training === 0 ? state.maxRank : state.compare[event.training - 1]!;
      return {
        ...state,
        trainings: [
          ...state.trainings,
          { rank, parameters: event.parameters, losses: [], evaluations: [], time: 0 },
        ],
      };
    }
    case 'judging':
      return state;
    case 'found':
      return withFinding(state, event.training, event.finding);
    case 'done':
      return { ...state, result: event.result };
  }
}

function withFinding(state: TrainState, training: number, finding: TrainingFinding): TrainState {
  if (finding.type === 'rank')
    return {
      ...state,
      curve: [...state.curve, { rank: finding.rank, loss: finding.loss }].sort(
        (a, b) => a.rank - b.rank,
      ),
    };
  return {
    ...state,
    trainings: state.trainings.map((t, i) =>
      i !== training
        ? t
        : finding.type === 'step'
          ? { ...t, losses: [...t.losses, finding.loss], time: t.time + finding.milliseconds }
          : { ...t, evaluations: [...t.evaluations, { step: finding.step, loss: finding.loss }] },
    ),
  };
}
