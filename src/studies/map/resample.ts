/**
 * Maps resampled within the error of the measured map. They give intervals of whatever follows from
 * a map, such as the ranks at a budget.
 *
 * A resampled map is drawn from the multivariate t distribution around the measured one, with the
 * covariance of the mean of the sweeps and n − 1 degrees of freedom. For a sum of importances its
 * percentiles are exactly the t-interval over the sweeps. A method that estimates its own error
 * gives log-normal maps. Negative importances become 0.
 */
import { normal } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';
import { elementAt } from '../../checked.ts';
import { summariesOf, sweepsOf, type Maps } from './draws.ts';
import { sweepMultiples } from './rank-table.ts';

/** Number of resampled maps. */
export const RESAMPLES = 200;

/** `[resample][module]`, in multiples of the mean module. Always the same for the same draws. */
export function resampledMaps({ draws, error }: Maps): number[][] {
  const multiples = multiplesOf(summariesOf({ draws, error }).map((s) => s.mean));
  const sweeps = sweepsOf(draws);
  const each = sweepMultiples(draws, sweeps).map((values) =>
    values.map((v) => v - values.reduce((a, b) => a + b, 0) / values.length),
  );
  return Array.from({ length: RESAMPLES }, (_, b) => {
    const keys = keysOf(1, 'resampledMaps', b);
    if (error !== null)
      return multiplesOf(multiples.map((v, m) => v * Math.exp(error * normal(keys, m))));
    const weights = Array.from({ length: sweeps }, (__, k) => normal(keys, k));
    let squares = 0;
    for (let k = 1; k < sweeps; k++) squares += normal(keys, sweeps + k) ** 2;
    const scale = 1 / Math.sqrt(sweeps * squares);
    return multiples.map((v, m) =>
      Math.max(0, v + scale * elementAt(each, m).reduce((sum, d, k) => sum + weights[k]! * d, 0)),
    );
  });
}

function multiplesOf(importances: readonly number[]): number[] {
  const mean = importances.reduce((a, b) => a + b, 0) / importances.length;
  return importances.map((v) => v / mean);
}

/** The 2.5 % and 97.5 % percentiles of resampled values; the interval includes `value`. */
export function percentiles(resampled: readonly number[], value: number) {
  const sorted = [...resampled].sort((a, b) => a - b);
  const tail = Math.floor(0.025 * sorted.length);
  return {
    low: Math.min(value, sorted[tail]!),
    high: Math.max(value, sorted[sorted.length - 1 - tail]!),
  };
}
