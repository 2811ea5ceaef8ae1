/** Statistics of gradients. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { CleanPass } from './model.ts';
import type { TrainingBatch } from './train.ts';

/**
 * A random sign for every logit of a batch, or of one position of its sequences; signs of other
 * seeds and draws are independent.
 */
export interface SignDraw {
  seed: number;
  draw: number;
  position?: number;
}

/**
 * Of the mean loss of a batch, one number per module; G = dL/dW = Σ_t dy_t x_tᵀ over all tokens of
 * the batch.
 */
export interface GradientSums {
  loss: number;
  /** ‖G‖_F². */
  squaredNorm: Float64Array;
  /** Σ_t ‖dy_t‖²‖x_t‖². */
  fisher: Float64Array;
}

export interface WeightedGradientSums {
  loss: number;
  /** Σ |W ⊙ G| over the entries. */
  sum: Float64Array;
  /** Σ (W ⊙ G)² over the entries. */
  squares: Float64Array;
}

/**
 * The part of the engine that measures by gradients of the clean model; the same model, the same
 * queue.
 */
export interface GradientEngine {
  readonly modules: readonly ModuleInfo[];
  /**
   * ‖∂(uᵀ logits)/∂W‖_F² for every draw u of signs, every module, every sequence of the pass:
   * [draws, modules, sequences]. One backward pass a draw, batched as memory allows. Throws
   * `operator` for a head that is no plain product, `too-large`.
   */
  jacobianNorms(pass: CleanPass, draws: readonly SignDraw[]): Promise<Float64Array>;
  /**
   * One forward and backward pass. Throws `bad-text` where nothing is predicted, `operator` as
   * above.
   */
  gradientSums(batch: TrainingBatch): Promise<GradientSums>;
  /** The same pass, and every weight dequantised once. */
  weightedGradientSums(batch: TrainingBatch): Promise<WeightedGradientSums>;
  /**
   * The same pass; every module's input `x` [tokens, in] and the loss gradient `dy` [tokens, out]
   * at its output, last layer first.
   */
  gradientTaps(
    batch: TrainingBatch,
    visit: (module: number, x: Float32Array, dy: Float32Array) => void,
  ): Promise<number>;
}
