/** Gradient statistics. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { CleanPass } from './model.ts';
import type { TrainingBatch } from './train.ts';

/**
 * One random sign per logit of a batch, or of one position of its sequences. Signs of different
 * seeds or draws are independent.
 */
export interface SignDraw {
  seed: number;
  draw: number;
  position?: number;
}

/**
 * Statistics of the gradient of a batch's mean loss, one number per module. G = dL/dW = Σ_t dy_t
 * x_tᵀ over all tokens of the batch.
 */
export interface GradientSums {
  loss: number;
  /** ‖G‖_F². */
  squaredNorm: Float64Array;
  /** Σ_t ‖dy_t‖²‖x_t‖². */
  fisher: Float64Array;
}

/** Of the mean loss of a batch, one number per module; ⊙ is the product entry by entry. */
export interface WeightedGradientSums {
  loss: number;
  /** Σ |W ⊙ G| over the entries. */
  sum: Float64Array;
  /** Σ (W ⊙ G)² over the entries. */
  squares: Float64Array;
}

/** The part of the engine that measures gradients of the clean model, in the same queue. */
export interface GradientEngine {
  readonly modules: readonly ModuleInfo[];
  /**
   * ‖∂(uᵀ logits)/∂W‖_F² for every draw u of signs, module and sequence of the pass:
   * [draws, modules, sequences]. One backward pass per draw, batched as memory allows. Throws
   * AtlasError `operator` if a nonlinearity follows the head, and `too-large`.
   */
  jacobianNorms(pass: CleanPass, draws: readonly SignDraw[]): Promise<Float64Array>;
  /**
   * One forward and backward pass. Throws AtlasError `bad-text` if the batch predicts nothing, and
   * `operator` as above.
   */
  gradientSums(batch: TrainingBatch): Promise<GradientSums>;
  /** The same pass. Dequantises every weight once. */
  weightedGradientSums(batch: TrainingBatch): Promise<WeightedGradientSums>;
  /**
   * The same pass. Visits every module's input `x` [tokens, in] and the loss gradient `dy`
   * [tokens, out] at its output, last layer first. Returns the loss.
   */
  gradientTaps(
    batch: TrainingBatch,
    visit: (module: number, x: Float32Array, dy: Float32Array) => void,
  ): Promise<number>;
}
