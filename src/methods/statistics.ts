/**
 * Statistics that all methods report: mean and standard error of repeats, the Student t quantile of
 * a 95 % interval, Spearman's rank correlation.
 */

export interface Summary {
  n: number;
  mean: number;
  /** s/√n with the sample standard deviation (divisor n − 1); null for fewer than two values. */
  standardError: number | null;
}

/**
 * Mean and standard error by Welford's update, which avoids cancellation when the values are large
 * and close. `n = 0` gives mean NaN.
 */
export function summarise(values: readonly number[]): Summary {
  let mean = 0;
  let squares = 0;
  let n = 0;
  for (const x of values) {
    const d = x - mean;
    mean += d / ++n;
    squares += d * (x - mean);
  }
  if (n === 0) return { n, mean: NaN, standardError: null };
  return { n, mean, standardError: n < 2 ? null : Math.sqrt(squares / (n - 1) / n) };
}

/** t with P(T ≤ t) = 0.975, degrees of freedom 1 to 10 (any table of the distribution). */
const T975 = [
  12.706204736, 4.30265273, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252,
  2.306004135, 2.262157163, 2.228138852,
];
const Z975 = 1.959963984540054;

/**
 * 97.5 % quantile of Student's t. Above 10 degrees of freedom it uses the expansion in 1/df around
 * the normal quantile (Abramowitz and Stegun 26.7.5), within 1e-5 of the exact value.
 */
export function studentT975(degreesOfFreedom: number): number {
  const listed = T975[degreesOfFreedom - 1];
  if (listed !== undefined) return listed;
  const z = Z975;
  const v = degreesOfFreedom;
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  const g4 = (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160;
  return z + g1 / v + g2 / v ** 2 + g3 / v ** 3 + g4 / v ** 4;
}

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

/** 95 % t-interval of the mean of at least two values; null for fewer. */
export function interval95(values: readonly number[]): Interval | null {
  const { n, mean, standardError } = summarise(values);
  if (standardError === null) return null;
  const half = studentT975(n - 1) * standardError;
  return { mean, low: mean - half, high: mean + half };
}

/** Ranks 1 … n. Equal values share the mean of the ranks they span. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) ranks[order[k]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Pearson's r. NaN if either list is constant or has fewer than two values. Throws RangeError for
 * unequal lengths.
 */
export function pearson(x: readonly number[], y: readonly number[]): number {
  if (x.length !== y.length) throw new RangeError('a correlation needs two lists of equal length');
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const mx = mean(x);
  const my = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  x.forEach((v, i) => {
    const dx = v - mx;
    const dy = y[i]! - my;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  });
  return xy / Math.sqrt(xx * yy);
}

/**
 * Spearman's ρ: Pearson's correlation of the ranks. NaN if either list is constant or has fewer
 * than two values.
 */
export const spearman = (x: readonly number[], y: readonly number[]): number =>
  pearson(ranksOf(x), ranksOf(y));
