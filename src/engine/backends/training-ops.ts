/**
 * What training and gradient statistics ask of a provider, beside the sessions: our kernels on
 * tensors that stay there. Implemented by `wasm-training.ts` and `webgpu-training.ts`; the
 * arithmetic is `device/training-twins.ts`.
 *
 * Everything is float32. Tensors that are changed in place are made with `Backend.zeros` and filled
 * with `write`.
 */
import { elementAt } from '../../checked.ts';
import type { AdamWStep, AdapterPair, RankRows } from '../../device/training-twins.ts';
import type { ModulePlace } from '../../device/twins.ts';
import { elements, type DeviceTensor } from './backend.ts';

/** What a backward piece gives for one module. */
export interface ModuleTaps {
  /** Input of the product, [sequences, length, in] or [tokens, in]. */
  x: DeviceTensor;
  /**
   * Gradient at the output of the product, [sequences, length, width]; the module's own are columns
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
   * Of the rank. A row of the gradient needs the same row of A and Bᵀ only: one row alone is
   * DyLoRA's frozen mode.
   */
  rows: RankRows;
  /** Of the adapter: the delta is scale · (x Aᵀ) Bᵀ. */
  scale: number;
  /** dA and dBᵀ, shaped as the adapter; only `rows` are written. */
  into: AdapterPair<DeviceTensor>;
}

/** Rows `rows` of a [rank, …] tensor. */
export interface TensorRows {
  tensor: DeviceTensor;
  rows: RankRows;
}

/**
 * A parameter [rank, n] with its gradient and AdamW's moments, all of one shape; `rows` of them
 * take the step.
 */
export interface AdamWParameter {
  parameter: DeviceTensor;
  gradient: DeviceTensor;
  mean: DeviceTensor;
  square: DeviceTensor;
  rows: RankRows;
}

/**
 * Directions of a module, of each of `blocks` equal stretches of its output features as many as of
 * the others: of the output, `vectors` [blocks · count, outFeatures / blocks] and what the product
 * gave, `y`, shaped as dy; or of the input, [blocks · count, in] and the weight `w` [outFeatures,
 * in].
 */
export type Directions = { vectors: DeviceTensor; blocks: number } & (
  { side: 'output'; y: DeviceTensor } | { side: 'input'; w: DeviceTensor }
);

/** Where singular gradients go: `into`, from number `at` on, as [blocks, sequences, count]. */
export interface SingularTarget {
  sequences: number;
  into: DeviceTensor;
  at: number;
}

export interface TrainingOps {
  /**
   * Where a block's own graph can give the adapters' gradients, that is the cheaper way: its
   * products have the threads.
   */
  readonly inGraph: boolean;
  /**
   * dA = scale · vᵀ x and dBᵀ = scale · uᵀ dy with u = x Aᵀ, v = dy · B, module by module; G is
   * never formed. [methods.md §1]
   */
  adapterGradients(modules: readonly AdapterGradient[]): Promise<void>;
  /** `into` [1] = Σ g² over all of `gradients`, in a fixed order. */
  squaredNorm(gradients: readonly TensorRows[], into: DeviceTensor): Promise<void>;
  /**
   * One step of torch.optim.AdamW in place, gradients clipped as clip_grad_norm_ does.
   * `squaredNorm` [1]: Σ g² over all gradients of the step; where it is not finite nothing changes.
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
   * into[at + s] = Σ_t ‖dy_t‖²‖x_t‖² over the tokens of sequence s (with as many sequences as
   * tokens: each token's own).
   */
  fisherSums(taps: ModuleTaps, sequences: number, into: DeviceTensor, at: number): Promise<void>;
  /**
   * uᵢᵀ G Wᵀ uᵢ, or vᵢᵀ Wᵀ G vᵢ, over the tokens of sequence s, W the rows of the stretch: σᵢ
   * dL/dσᵢ of singular vectors. `twins.outputDirections`, `twins.inputDirections`. [methods.md §5]
   */
  singularGradients(
    taps: ModuleTaps,
    directions: Directions,
    target: SingularTarget,
  ): Promise<void>;
}

/** Sizes of a module from the tensors themselves. */
export function placeOf({ x, dy, column, outFeatures }: ModuleTaps): ModulePlace {
  const inFeatures = elementAt(x.dims, -1);
  const stride = elementAt(dy.dims, -1);
  return { tokens: elements(x.dims) / inFeatures, inFeatures, outFeatures, column, stride };
}
