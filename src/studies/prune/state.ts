/**
 * The state of a pruning run: a pure reduction of its events to plain data, for the panel, the
 * terminal and the file.
 */
import type { ProviderInfo } from '../../engine/engine.ts';
import type { ModelName } from '../map/events.ts';
import type { PruneEvent } from './run.ts';
import { targetOf } from './target.ts';
import type { ExperimentSpec } from '../spec.ts';

/**
 * One round. Lists are by layer and grow during the round; losses are held-out, in nats per token.
 */
export interface PruneRound {
  round: number;
  /** Target fraction of zeros. */
  target: number;
  /**
   * Normalised HSIC of the inputs of any two layers; each layer's redundancy c with the others;
   * exp(−β c); and each layer's target sparsity.
   */
  similarity: number[][];
  redundancy: number[];
  importance: number[];
  sparsities: number[];
  /** Actual fraction of zeros, and the reconstruction error after the layer. */
  zeros: number[];
  errors: number[];
  /** Loss before and after the round's training. */
  pruned: number | null;
  repaired: number | null;
  meanRank: number | null;
  ranks: number[] | null;
  /** Loss and gradient norm of every step's batch, before the update. */
  steps: { step: number; loss: number; gradNorm: number }[];
  /** Time spent in training steps. */
  milliseconds: number;
}

/**
 * A stored form of the pruned model. `sparse`: one bit per weight, and the retained weights as
 * float32.
 */
export interface StoredForm {
  form: 'float32' | 'sparse' | 'int4';
  bytes: number;
  loss: number;
}

export interface PruneState {
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  layers: number;
  sequences: { calibration: number; train: number; held: number };
  /** The original model. */
  dense: { loss: number; bytes: number; weights: number } | null;
  rounds: PruneRound[];
  wanda: { zeros: number; loss: number } | null;
  /** LoRA of one rank trained through the mask, the baseline closest to LoSA. */
  masked: { rank: number; parameters: number; zeros: number; loss: number } | null;
  lora: { rank: number; parameters: number; zeros: number; merged: number; masked: number } | null;
  stored: StoredForm[];
  doing: PruneDoing | null;
  result: PruneResult | null;
}

export interface PruneDoing {
  what: 'prepare' | 'prune' | 'judge' | 'repair' | 'wanda' | 'masked' | 'lora' | 'store';
  round: number;
  done: number;
  of: number;
}

/** The file of a finished pruning run. */
export interface PruneResult extends Omit<PruneState, 'doing' | 'result'> {
  format: 'rank-atlas-prune';
  version: 1;
}

/**
 * Returns the next state. `start` resets it; throws if another event than `start` or `resumed`
 * comes first.
 */
export function reducePrune(state: PruneState | null, event: PruneEvent): PruneState {
  if (event.type === 'start') {
    const { spec, model, provider, versions, layers, sequences } = event;
    return {
      spec,
      model,
      provider,
      versions,
      layers,
      sequences,
      dense: null,
      rounds: [],
      wanda: null,
      masked: null,
      lora: null,
      stored: [],
      doing: { what: 'prepare', round: 0, done: 0, of: 1 },
      result: null,
    };
  }
  if (event.type === 'resumed') return event.state;
  if (!state) throw new Error(`a study cannot begin with "${event.type}"`);
  const { layers } = state;
  const { rounds, baselines } = state.spec.prune;
  const doing = (
    what: PruneDoing['what'],
    round: number,
    done: number,
    of: number,
  ): PruneDoing => ({ what, round, done, of });
  switch (event.type) {
    case 'dense':
      return {
        ...state,
        dense: { loss: event.loss, bytes: event.bytes, weights: event.weights },
        doing: doing('prune', 1, 0, layers),
      };
    case 'similarity': {
      const { round, target, matrix, redundancy, importance, sparsities } = event;
      const begun: PruneRound = {
        round,
        target,
        similarity: matrix,
        redundancy,
        importance,
        sparsities,
        zeros: [],
        errors: [],
        pruned: null,
        repaired: null,
        meanRank: null,
        ranks: null,
        steps: [],
        milliseconds: 0,
      };
      return {
        ...state,
        rounds: [...state.rounds, begun],
        doing: doing('prune', round, 0, layers),
      };
    }
    case 'block':
      return {
        ...latest(state, (r) => ({
          zeros: [...r.zeros, event.zeros],
          errors: [...r.errors, event.error],
        })),
        doing:
          event.layer + 1 < layers
            ? doing('prune', event.round, event.layer + 1, layers)
            : doing('judge', event.round, 0, 1),
      };
    case 'pruned':
      return latest(state, () => ({ pruned: event.loss }));
    case 'ranks':
      return {
        ...latest(state, () => ({ meanRank: event.meanRank, ranks: event.ranks })),
        doing: doing('repair', event.round, 0, state.spec.training.steps),
      };
    case 'step': {
      const { step, loss, gradNorm, milliseconds } = event;
      return {
        ...latest(state, (r) => ({
          steps: [...r.steps, { step, loss, gradNorm }],
          milliseconds: r.milliseconds + milliseconds,
        })),
        doing: doing('repair', event.round, step, state.spec.training.steps),
      };
    }
    case 'repaired': {
      const next =
        event.round < rounds
          ? doing('prune', event.round + 1, 0, layers)
          : baselines
            ? doing('wanda', 0, 0, layers)
            : doing('store', 0, 0, 1);
      return { ...latest(state, () => ({ repaired: event.loss })), doing: next };
    }
    case 'judging':
      return state;
    case 'comparing':
      return { ...state, doing: doing(event.what, 0, event.done, event.of) };
    case 'wanda':
      return { ...state, wanda: { zeros: event.zeros, loss: event.loss } };
    case 'masked': {
      const { rank, parameters, zeros, loss } = event;
      return { ...state, masked: { rank, parameters, zeros, loss } };
    }
    case 'lora': {
      const { rank, parameters, zeros, merged, masked } = event;
      return { ...state, lora: { rank, parameters, zeros, merged, masked } };
    }
    case 'storing':
      return { ...state, doing: doing('store', 0, event.done, event.of) };
    case 'stored':
      return {
        ...state,
        stored: [...state.stored, { form: event.form, bytes: event.bytes, loss: event.loss }],
      };
    case 'done':
      return { ...state, doing: null, result: event.result };
  }
}

const latest = (
  state: PruneState,
  change: (round: PruneRound) => Partial<PruneRound>,
): PruneState => ({
  ...state,
  rounds: state.rounds.map((r, i) => (i === state.rounds.length - 1 ? { ...r, ...change(r) } : r)),
});

/** The file of a finished pruning run. */
export const resultOf = ({
  spec,
  model,
  provider,
  versions,
  layers,
  sequences,
  dense,
  rounds,
  wanda,
  masked,
  lora,
  stored,
}: PruneState): PruneResult => ({
  format: 'rank-atlas-prune',
  version: 1,
  spec,
  model,
  provider,
  versions,
  layers,
  sequences,
  dense,
  rounds,
  wanda,
  masked,
  lora,
  stored,
});

/** The losses that a finding compares, in nats per token. */
export interface PruneFinding {
  /** Target fraction of zeros. */
  zeros: number;
  losa: number;
  /** The original model, which was not trained on this text. */
  dense: number;
  /**
   * The same steps of LoRA without zeros: after Wanda, merged, which fills the zeros. Null: not run
   * yet, or not requested.
   */
  withoutZeros: number | null;
  /** One-shot pruning and masked LoRA, with the same zeros. */
  masked: number | null;
  /** LoRA without zeros is still to be trained. */
  pending: boolean;
}

/**
 * The finding after the last round; null before. It compares with training without zeros, not with
 * the untrained model: most of that difference comes from training.
 */
export function findingOf({
  dense,
  rounds,
  spec: { prune },
  lora,
  masked,
  doing = null,
}: Omit<PruneResult, 'format' | 'version'> &
  Partial<Pick<PruneState, 'doing'>>): PruneFinding | null {
  const last = rounds.at(-1);
  if (!dense || !last || last.round < prune.rounds || last.repaired === null) return null;
  return {
    zeros: targetOf(prune).sparsity,
    losa: last.repaired,
    dense: dense.loss,
    withoutZeros: lora?.merged ?? null,
    masked: masked?.loss ?? null,
    pending: doing !== null && prune.baselines && lora === null,
  };
}

/** Progress within the current activity of the round. */
export const pruneProgress = ({ doing }: PruneState): number => (doing ? doing.done / doing.of : 0);
