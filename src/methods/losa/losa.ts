/**
 * LoSA: alternates pruning and training. Each of T rounds prunes the merged weights further, with
 * layer sparsities from representation mutual information. It then trains masked adapters whose
 * ranks follow the reconstruction error.
 *
 * Source: arXiv 2502.14816, wzhuang-xmu/LoSA; methods.md §4. The adapters stay separate in memory:
 * the engine always computes with M ⊙ (W + s B A), so nothing is merged or unmerged.
 */
import { defined, elementAt } from '../../checked.ts';
import type {
  AdapterMoments,
  AdapterValues,
  CleanPass,
  SparseEngine,
  TokenBatch,
  TrainingEngine,
} from '../../engine/engine.ts';
import { initialAdapters } from '../lora.ts';
import {
  judged,
  train,
  type Judging,
  type StepUse,
  type TrainingData,
  type TrainingOptions,
} from '../training.ts';
import { prunePass, type MaskedUse, type PrunedBlock, type PruneRule } from './prune-pass.ts';
import { blockRanks } from './ranks.ts';
import { sparsityOfRound, spreadOf, stepsOfRound } from './schedule.ts';
import { layerImportances, layerSimilarity, redundancies } from './similarity.ts';
import { layerSparsities } from './sparsities.ts';

export type LosaEngine = SparseEngine & TrainingEngine;

export interface LosaOptions extends PruneRule {
  seed: number;
  rounds: number;
  /** Fraction of zeros at the end. */
  sparsity: number;
  beta: number;
  /** Mean rank of round 1. It grows by one per round. */
  meanRank: number;
  /** Capacity of every adapter: the maximum rank of a layer. */
  mostRank: number;
  /**
   * What determines a layer's rank: its reconstruction error (the authors' code) or its similarity
   * to the other layers (the paper's text).
   */
  rankBy: 'error' | 'rmi';
  /** s of s · (B A). */
  scale: number;
  /** `steps` is the total of all rounds. */
  training: TrainingOptions;
}

export interface LosaData extends TrainingData {
  /** The text on which RMI, Wanda's norms and the reconstruction errors are measured. */
  calibration: TokenBatch;
}

export type LosaEvent =
  /**
   * Similarity of the layers' inputs and its consequences for the round: c_i, exp(−β c_i), and the
   * target sparsity of each layer.
   */
  | {
      type: 'similarity';
      round: number;
      target: number;
      matrix: number[][];
      redundancy: number[];
      importance: number[];
      sparsities: number[];
    }
  | ({ type: 'block'; round: number } & PrunedBlock)
  /** Held-out loss in nats per token, before the round's training. */
  | { type: 'pruned'; round: number; loss: number }
  /** By layer; each holds for all modules of the layer. */
  | { type: 'ranks'; round: number; meanRank: number; ranks: number[] }
  | {
      type: 'step';
      round: number;
      step: number;
      loss: number;
      gradNorm: number;
      milliseconds: number;
    }
  | { type: 'repaired'; round: number; loss: number }
  | Judging;

/** Masks and adapters of a run, on the provider. `use` is the resulting model. Must be disposed. */
export interface LosaModel {
  use: MaskedUse;
  /** By layer. */
  ranks: number[];
  /** By layer: how often each rank was updated. */
  moved: Uint32Array[];
  dispose(): void;
}

/** State of a run after some complete rounds, as plain data. */
export interface LosaSnapshot {
  rounds: number;
  ranks: number[];
  moved: Uint32Array[];
  masks: Uint32Array[];
  values: AdapterValues[];
  moments: AdapterMoments[];
}

/**
 * Creates the model of a run: all weights retained and adapters without effect, each with capacity
 * for `mostRank`, or less for a small module. With `from`, restores an earlier state.
 */
export async function startLosa(
  engine: LosaEngine,
  {
    seed,
    mostRank,
    scale,
    meanRank,
  }: Pick<LosaOptions, 'seed' | 'mostRank' | 'scale' | 'meanRank'>,
  from?: LosaSnapshot,
): Promise<LosaModel> {
  const capacities = engine.modules.map((m) => Math.min(mostRank, m.inFeatures, m.outFeatures));
  const ranks = from
    ? [...from.ranks]
    : new Array<number>(engine.layers).fill(Math.round(meanRank));
  const adapters = await engine.adapters(
    from?.values ?? initialAdapters(seed, engine.modules, capacities),
    from?.moments,
  );
  const masks = await engine.masks();
  from?.masks.forEach((bits, module) => masks.set(module, bits));
  const use: MaskedUse = {
    adapters,
    masks,
    scale: () => scale,
    rank: (module) => ranks[elementAt(engine.modules, module).layer]!,
  };
  return {
    use,
    ranks,
    moved: ranks.map((_, layer) => from?.moved[layer]?.slice() ?? new Uint32Array(mostRank)),
    dispose: () => {
      adapters.dispose();
      masks.dispose();
    },
  };
}

/** The state of a run after `rounds` rounds. */
export async function losaSnapshot(
  { modules }: LosaEngine,
  { use, ranks, moved }: LosaModel,
  rounds: number,
): Promise<LosaSnapshot> {
  return {
    rounds,
    ranks: [...ranks],
    moved: moved.map((rows) => rows.slice()),
    masks: modules.map((m) => defined(use.masks.bits(m.index))),
    values: await use.adapters.values(),
    moments: await use.adapters.moments(),
  };
}

/**
 * Runs the rounds after the first `done` on a model from `startLosa`. `dense`: a clean pass of the
 * unpruned model over the calibration batch.
 */
export async function* losa({
  engine,
  model,
  dense,
  data,
  options,
  now,
  done = 0,
}: {
  engine: LosaEngine;
  model: LosaModel;
  dense: CleanPass;
  data: LosaData;
  options: LosaOptions;
  now: () => number;
  done?: number;
}): AsyncGenerator<LosaEvent, void, undefined> {
  const { use, ranks } = model;
  const { rounds, sparsity, beta, meanRank, mostRank, rankBy, training } = options;
  const stepOf = countedSteps(engine, model);
  const held = () => judged(engine, data.held, training.batch, use);
  for (let round = done + 1; round <= rounds; round++) {
    const target = sparsityOfRound(sparsity, round, rounds);
    const matrix = layerSimilarity(await engine.inputGrams(data.calibration, use));
    const redundancy = redundancies(matrix);
    const importance = layerImportances(redundancy, beta);
    // An N:M pattern allows no differences between layers.
    const sparsities = layerSparsities(
      importance,
      target,
      options.structure.of > 0 ? 0 : spreadOf(target),
    );
    yield { type: 'similarity', round, target, matrix, redundancy, importance, sparsities };
    const errors: number[] = [];
    for await (const block of prunePass(engine, {
      batch: data.calibration,
      dense,
      use,
      sparsities,
      rule: options,
    })) {
      errors.push(block.error);
      yield { type: 'block', round, ...block };
    }
    yield { type: 'pruned', round, loss: yield* held() };
    const mean = meanRank + round - 1;
    blockRanks(rankBy === 'error' ? errors : redundancy, mean, mostRank).forEach((rank, layer) => {
      ranks[layer] = rank;
    });
    yield { type: 'ranks', round, meanRank: mean, ranks: [...ranks] };
    const { first, last } = stepsOfRound(training.steps, round, rounds);
    if (first <= last) {
      for await (const event of train({
        engine,
        use,
        data,
        options: { ...training, evaluateEvery: 0 },
        now,
        done: first - 1,
        stepOf,
        known: true,
      })) {
        if (event.type !== 'step') break;
        const { step, loss, gradNorm, milliseconds } = event;
        yield { type: 'step', round, step, loss, gradNorm, milliseconds };
        if (step === last) break;
      }
    }
    yield { type: 'repaired', round, loss: yield* held() };
  }
}

/**
 * AdamW's bias corrections count the updates of each rank, so ranks that a round adds start at
 * their own first step.
 */
function countedSteps(
  engine: LosaEngine,
  { use, ranks, moved }: LosaModel,
): (step: number) => StepUse {
  const updates = (module: number, row: number) =>
    elementAt(moved, elementAt(engine.modules, module).layer)[row]!;
  return () => {
    moved.forEach((rows, layer) => {
      for (let row = 0; row < ranks[layer]!; row++) rows[row]!++;
    });
    return { use, updates };
  };
}
