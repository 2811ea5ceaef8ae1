/**
 * The training settings every study shares, as the training loop takes them. AdamW's own constants
 * are PyTorch's defaults.
 */
import type { TrainingOptions } from '../methods/training.ts';
import type { TrainingSettings } from '../spec/spec.ts';

/** A largest norm of 0 means not clipped. `seed` decides the order of the sequences. */
export function trainingOptions(
  {
    steps,
    batch,
    learningRate: peak,
    warmup,
    decay,
    weightDecay,
    maxNorm,
    evaluateEvery,
  }: TrainingSettings,
  seed: number,
): TrainingOptions {
  return {
    seed,
    steps,
    batch,
    schedule: { peak, warmup, decay },
    adamW: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay },
    maxNorm: maxNorm > 0 ? maxNorm : null,
    evaluateEvery,
  };
}
