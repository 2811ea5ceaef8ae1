/**
 * The learning rate over a run of training: a warm-up from zero, then constant or falling to zero.
 */

export interface Schedule {
  peak: number;
  /** Share of the steps over which the rate climbs linearly to its peak. QLoRA: 0.03. */
  warmup: number;
  decay: 'constant' | 'linear' | 'cosine';
}

/**
 * Rate of step `step` of `steps`, counted from 1, as transformers' schedules give it (they count
 * from 0).
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
