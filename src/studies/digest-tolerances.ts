/**
 * Tolerances of losses in digests, in nats per token (measured: docs/link-format.md). On one kind
 * of provider results are equal up to the number of threads.
 */
import type { Measured } from './digest.ts';

/** A loss of given weights. */
export const MEASURED_LOSS: Omit<Measured, 'values'> = {
  decimals: 3,
  tolerance: { same: 0.0005, other: 0.001 },
};

/** A loss after training, whose steps amplify differences. */
export const TRAINED_LOSS: Omit<Measured, 'values'> = {
  decimals: 3,
  tolerance: { same: 0.001, other: 0.003 },
};
