/**
 * The operations for training and gradient statistics on a provider: our kernels on tensors of the
 * provider. Implemented by `cpu-training.ts` and `webgpu-training.ts`. Reference arithmetic:
 * `device/training-twins.ts`.
 *
 * Everything is float32. Create tensors that are changed in place with `Backend.zeros`, and fill
 * them with `write`.
 */
import { elementAt } from '../../checked.ts';
import type { AdamWStep, AdapterPair, RankRows } from '../../device/training-twins.ts';
import type { ModulePlace } from '../../device/twins.ts';
import { elements, type DeviceTensor } from './backend.ts';

/** The outputs of a backward piece for one module. */
export interface ModuleTaps {
  /** Input of the product, [sequences, length, in] or [tokens, in]. */
  x: DeviceTensor;
  /**
   * Gradient at the output of the product, [sequences, length, width]. The module has columns
   * `[column, column + outFeatures)`.
   */
  dy: DeviceTensor;
  column: number;
  outFeatures: number;
}

export interface AdapterGradient {
  taps: ModuleTaps;
  /** A [≥ rows.to, in] and Bᵀ [≥ rows.to, out]. */
  adapter: AdapterPair<DeviceTensor>;
  /**
   * Rows of the rank. A row of the gradient depends only on the same row of A and Bᵀ, so DyLoRA's
   * frozen mode computes one row alone.
   */
  rows: RankRows;
  /** Scale of the adapter: the delta is scale · (x Aᵀ) Bᵀ. */
  scale: number;
  /** dA and dBᵀ, in the adapter's shapes. Only `rows` are written. */
  into: AdapterPair<DeviceTensor>;
}

/** Rows `rows` of a [rank, …] tensor. */
export interface TensorRows {
  tensor: DeviceTensor;
  rows: RankRows;
}

/**
 * A parameter [rank, n] with its gradient and AdamW's moments, all of one shape. The step updates
 * `rows`.
 */
export interface AdamWParameter {
  parameter: DeviceTensor;
  gradient: DeviceTensor;
  mean: DeviceTensor;
  square: DeviceTensor;
  rows: RankRows;
}

/**
 * Directions of a module, `count` for each of `blocks` equal row blocks of its output features.
 * Output directions: `vectors` [blocks · count, outFeatures / blocks] and the product's output `y`,
 * shaped as dy. Input directions: `vectors` [blocks · count, in] and the weight `w`
 * [outFeatures, in].
 */
export type Directions = { vectors: DeviceTensor; blocks: number } & (
  { side: 'output'; y: DeviceTensor } | { side: 'input'; w: DeviceTensor }
);

/**
 * Destination of singular gradients: `into`, from number `at` on, as [blocks, sequences, count].
 */
export interface SingularTarget {
  sequences: number;
  into: DeviceTensor;
  at: number;
}

export interface TrainingOps {
  /**
   * Whether a block's own graph computes the adapters' gradients faster than these kernels, because
   * its products run on the runtime's threads.
   */
  readonly inGraph: boolean;
  /**
   * dA = scale · vᵀ x and dBᵀ = scale · uᵀ dy with u = x Aᵀ and v = dy · B, per module. G is never
   * formed. [methods.md §1]
   */
  adapterGradients(modules: readonly AdapterGradient[]): Promise<void>;
  /** `into` [1] = Σ g² over all of `gradients`, in a fixed order. */
  squaredNorm(gradients: readonly TensorRows[], into: DeviceTensor): Promise<void>;
  /**
   * One step of torch.optim.AdamW in place, with gradients clipped as in clip_grad_norm_.
   * `squaredNorm` [1] is Σ g² over all gradients of the step. If it is not finite, nothing changes.
   */
  adamW(
    parameters: readonly AdamWParameter[],
    squaredNorm: DeviceTensor,
    step: AdamWStep,
  ): Promise<void>;
  /**
   * into[at + s] = ‖Σ_t dy_t x_tᵀ‖_F² over the tokens of sequence s, as a product of Gram matrices.
   * [methods.md §6]
   */
  gradientNorms(taps: ModuleTaps, sequences: number, into: DeviceTensor, at: number): Promise<void>;
  /**
   * into[at + s] = Σ_t ‖dy_t‖²‖x_t‖² over the tokens of sequence s. If `sequences` is the number of
   * tokens, that is one value per token.
   */
  fisherSums(taps: ModuleTaps, sequences: number, into: DeviceTensor, at: number): Promise<void>;
  /**
   * uᵢᵀ G Wᵀ uᵢ, or vᵢᵀ Wᵀ G vᵢ, over the tokens of sequence s, where W is the rows of the row
   * block. For singular vectors this is σᵢ dL/dσᵢ. Reference: `twins.outputDirections`,
   * `twins.inputDirections`. [methods.md §5]
   */
  singularGradients(
    taps: ModuleTaps,
    directions: Directions,
    target: SingularTarget,
  ): Promise<void>;
}

/** Sizes of a module from its tensors. */
export function placeOf({ x, dy, column, outFeatures }: ModuleTaps): ModulePlace {
  const inFeatures = elementAt(x.dims, -1);
  const stride = elementAt(dy.dims, -1);
  return { tokens: elements(x.dims) / inFeatures, inFeatures, outFeatures, column, stride };
}
