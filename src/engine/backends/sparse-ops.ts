/**
 * The pruning operations on a provider: our kernels on tensors of the provider. Implemented by
 * `cpu-sparse.ts` and `webgpu-sparse.ts`. Reference arithmetic and mask layout:
 * `device/sparse-twins.ts`. [methods.md §4]
 */
import type { PrunePattern } from '../../device/sparse-twins.ts';
import type { AdapterPair } from '../../device/training-twins.ts';
import type { DeviceTensor } from './backend.ts';
import type { ModuleTaps } from './training-ops.ts';

/** A module's rows in the float32 weight of its product: numbers `first` …, [outputs, inputs]. */
export interface ModuleRows {
  weight: DeviceTensor;
  first: number;
  outputs: number;
  inputs: number;
}

/** The first `rank` ranks of A [≥ rank, in] and Bᵀ [≥ rank, out], at scale s. */
export interface UsedAdapter {
  pair: AdapterPair<DeviceTensor>;
  rank: number;
  scale: number;
}

export interface SparseOps {
  /** Uploads a mask. The caller disposes it. */
  mask(bits: Uint32Array): DeviceTensor;
  /**
   * Writes M ⊙ (W + s B A) to the same rows of `into`, a product's weight created with `zeros`.
   * `mask` and `adapter` may be null.
   */
  merge(
    rows: ModuleRows,
    mask: DeviceTensor | null,
    adapter: UsedAdapter | null,
    into: DeviceTensor,
  ): Promise<void>;
  /**
   * Writes the first ranks of `into`, from G ⊙ M with G = Σ dy xᵀ: dA = s Bᵀ (G ⊙ M), dBᵀ = s A (G
   * ⊙ M)ᵀ. Only one module's G exists at a time.
   */
  maskedGradients(
    taps: ModuleTaps,
    mask: DeviceTensor | null,
    adapter: UsedAdapter,
    into: AdapterPair<DeviceTensor>,
  ): Promise<void>;
  /** The mask of a module's retained weights by |W| · norms, or by |W| if `norms` is null. */
  pruneMask(
    rows: ModuleRows,
    norms: Float32Array | null,
    pattern: PrunePattern,
  ): Promise<Uint32Array>;
  /** Per column Σ over all rows of (x − y)², or of x² if `y` is null. */
  columnSquares(x: DeviceTensor, y: DeviceTensor | null): Promise<Float64Array>;
  /** Dot products of whole samples, the entries of the first dimension: [samples, samples]. */
  gram(x: DeviceTensor): Promise<Float64Array>;
}
