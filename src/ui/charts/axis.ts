/** Chooses the ends, the ticks and the number format of every axis. */
import { nice, ticks } from 'd3-array';

export interface Axis {
  /** Both ends, in the unit of the data. Every drawn value is within them. */
  domain: readonly [number, number];
  /** Values in the unit of the data. */
  ticks: readonly number[];
  /** Formats a tick. */
  print(value: number): string;
}

/** Formats a value with a fixed number of decimals. */
type Fixed = (value: number, digits: number) => string;

/**
 * An axis with round ends that contains all values, in about `count` intervals. Without values the
 * ticks have no numbers, so an empty chart shows only grid lines.
 */
export function axisOf(values: readonly number[], fixed: Fixed, count = 4): Axis {
  if (values.length === 0) return { domain: [0, 1], ticks: ticks(0, 1, count), print: () => '' };
  const min = Math.min(...values);
  const max = Math.max(...values);
  const domain = nice(min, max > min ? max : min + (Math.abs(min) / 10 || 1), count);
  const marks = ticks(...domain, count);
  const digits = decimals(domain[1] - domain[0], marks.length - 1);
  return { domain, ticks: marks, print: (v) => fixed(v, digits) };
}

/** The number of decimals that the tick spacing needs, at most 8. */
const decimals = (length: number, steps: number): number =>
  Math.min(8, Math.max(0, Math.ceil(-Math.log10(length / steps) - 1e-9)));

/** Integer ticks from `first` to `last`, at most 8, spaced 1, 2 or 5 times a power of ten. */
export const wholeTicks = (first: number, last: number): number[] =>
  ticks(first, last, 5).filter(Number.isInteger);
