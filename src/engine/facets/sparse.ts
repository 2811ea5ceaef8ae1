/** Replaced and pruned weights. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { PrunePattern } from '../../device/sparse-twins.ts';
import type { AdapterUse, Masks } from './adapters.ts';
import type { TokenBatch, CleanPass } from './model.ts';

/**
 * The part of an engine over a model with float32 linear layers (`floatModel`) that puts weights in
 * their place; the same queue.
 */
export interface WeightEngine {
  /**
   * Puts another float32 weight [out, in] in a module's place for every later call, null: the
   * model's own again. Everything sees it: losses, gradients, probes, `materialiseWeight`. The
   * array is kept, not copied. Throws `float-only` over any other model.
   */
  setWeight(module: number, weight: Float32Array | null): Promise<void>;
}

/**
 * The stream of a batch, carried through the model block by block while the weights change. Must be
 * disposed.
 */
export interface BlockWalk {
  /** ‖x_k‖₂ over all tokens of every input of each module of the next block. */
  inputNorms(): Promise<ReadonlyMap<number, Float32Array>>;
  /**
   * Runs the next block and returns its reconstruction error (1/H) Σ_h Σ_tokens ((dense −
   * now)/‖dense_h‖₂)², where `dense` is that block's output in a clean pass over the same batch.
   */
  advance(dense: CleanPass): Promise<number>;
  dispose(): void;
}

/**
 * The part of an engine over a model with float32 linear layers that prunes; the same queue.
 * Everything sees the model through `use`. [methods.md §4]
 */
export interface SparseEngine extends WeightEngine {
  readonly modules: readonly ModuleInfo[];
  readonly layers: number;
  /**
   * Throws `pruning-too-large`, which says what would fit, when pruning and repairing this model's
   * layers in float32 does not fit beside it: `samples` of the calibration, `sequences` of a
   * training step, the room of every module's adapter.
   */
  checkPruning(
    shape: { samples: number; sequences: number; length: number },
    ranks: readonly number[],
  ): Promise<void>;
  masks(): Promise<Masks>;
  /**
   * x_i · x_j over whole sequences of the input of every block, [layers] of [sequences, sequences].
   */
  inputGrams(batch: TokenBatch, use: AdapterUse): Promise<Float64Array[]>;
  walk(batch: TokenBatch, use: AdapterUse): Promise<BlockWalk>;
  /** What stays of a module's weight by |W| · norms (Wanda), or by |W| where they are null. */
  pruneMask(
    module: number,
    norms: Float32Array | null,
    pattern: PrunePattern,
    use: AdapterUse,
  ): Promise<Uint32Array>;
  /** M ⊙ (W + scale · B A), [out, in]. */
  mergedWeight(module: number, use: AdapterUse): Promise<Float32Array>;
}
