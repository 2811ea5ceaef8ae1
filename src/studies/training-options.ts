/** Converts the shared training settings to the options of the training loop. */
import type { TrainingOptions } from '../methods/training.ts';
import type { TrainingSettings } from '../spec/spec.ts';

/** A `maxNorm` of 0 disables gradient clipping. `seed` sets the order of the sequences. */
export function trainingOptions(
  {
    steps,
    batch,
    learningRate: peak,
    warmup,
    decay,
    beta1,
    beta2,
    epsilon,
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
    adamW: { beta1, beta2, epsilon, weightDecay },
    maxNorm: maxNorm > 0 ? maxNorm : null,
    evaluateEvery,
  };
}
