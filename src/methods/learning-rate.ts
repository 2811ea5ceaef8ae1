/**
 * The learning rate schedule of a training run: warm-up from zero, then constant or decaying to
 * zero.
 */

export const DECAYS = ['constant', 'linear', 'cosine'] as const;

/** A learning rate over the steps of a run. */
export interface Schedule {
  peak: number;
  /** Fraction of the steps over which the rate rises linearly to its peak. QLoRA: 0.03. */
  warmup: number;
  /** After the warm-up: constant, or to zero at the end. */
  decay: (typeof DECAYS)[number];
}

/**
 * Rate at step `step` of `steps`, counted from 1. Matches the schedules of transformers, which
 * count from 0.
 */
export function learningRate(
  { peak, warmup, decay }: Schedule,
  step: number,
  steps: number,
): number {
  const climb = Math.ceil(warmup * steps);
  const at = step - 1;
  if (at < climb) return (peak * at) / climb;
  if (decay === 'constant') return peak;
  const left = (steps - at) / Math.max(1, steps - climb);
  return decay === 'linear' ? peak * left : (peak * (1 - Math.cos(Math.PI * left))) / 2;
}
