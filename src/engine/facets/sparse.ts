/** Replaced and pruned weights. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { PrunePattern } from '../../device/sparse-twins.ts';
import type { AdapterUse, Masks } from './adapters.ts';
import type { TokenBatch, CleanPass } from './model.ts';

/**
 * The part of an engine that replaces weights, in the same queue. Needs a model with float32 linear
 * layers (`floatModel`).
 */
export interface WeightEngine {
  /**
   * Replaces a module's weight by float32 values [out, in] for all later calls; null restores the
   * model's own. Losses, gradients, probes and `materialiseWeight` use it. Stores the array without
   * a copy. Throws AtlasError `float-only` for any other model.
   */
  setWeight(module: number, weight: Float32Array | null): Promise<void>;
}

/**
 * Carries the residual stream of a batch through the model, block by block, while the weights
 * change. Must be disposed.
 */
export interface BlockWalk {
  /** ‖x_k‖₂ over all tokens, for every input feature of each module of the next block. */
  inputNorms(): Promise<ReadonlyMap<number, Float32Array>>;
  /**
   * Runs the next block. Returns its reconstruction error (1/H) Σ_h Σ_tokens ((dense −
   * now)/‖dense_h‖₂)², where `dense` is that block's output in a clean pass over the same batch.
   */
  advance(dense: CleanPass): Promise<number>;
  /** Frees the stream. */
  dispose(): void;
}

/**
 * The part of an engine that prunes, in the same queue. Needs a model with float32 linear layers.
 * All methods apply `use`. [methods.md §4]
 */
export interface SparseEngine extends WeightEngine {
  readonly modules: readonly ModuleInfo[];
  readonly layers: number;
  /**
   * Throws AtlasError `pruning-too-large`, with a size that fits, if pruning and fine-tuning the
   * float32 layers does not fit into memory. The check covers `samples` of the calibration,
   * `sequences` of a training step, and every module's adapter.
   */
  checkPruning(
    shape: { samples: number; sequences: number; length: number },
    ranks: readonly number[],
  ): Promise<void>;
  /** Masks of all modules; every weight is retained until `set` prunes it. */
  masks(): Promise<Masks>;
  /**
   * x_i · x_j over whole sequences, at the input of every block: [layers] of
   * [sequences, sequences].
   */
  inputGrams(batch: TokenBatch, use: AdapterUse): Promise<Float64Array[]>;
  /** Begins at the embedding of a batch. Throws `bad-text`. */
  walk(batch: TokenBatch, use: AdapterUse): Promise<BlockWalk>;
  /**
   * The mask of a module's retained weights by |W| · norms (Wanda), or by |W| if `norms` is null.
   */
  pruneMask(
    module: number,
    norms: Float32Array | null,
    pattern: PrunePattern,
    use: AdapterUse,
  ): Promise<Uint32Array>;
  /** M ⊙ (W + scale · B A), [out, in]. */
  mergedWeight(module: number, use: AdapterUse): Promise<Float32Array>;
}
