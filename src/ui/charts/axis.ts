/** What an axis shows: its ends, its ticks and how they are printed. Ticks are chosen here only. */
import { nice, ticks } from 'd3-array';

export interface Axis {
  /** Both ends, in the unit of the data. Every value drawn lies between them. */
  domain: readonly [number, number];
  /** Values in the unit of the data. */
  ticks: readonly number[];
  /** A tick's text. */
  print(value: number): string;
}

/** Prints a value with a fixed number of decimals. */
type Fixed = (value: number, digits: number) => string;

/**
 * An axis with round ends that holds all values, about `count` intervals long. Without values its
 * ticks have no numbers: an empty chart shows its rules only.
 */
export function axisOf(values: readonly number[], fixed: Fixed, count = 4): Axis {
  if (values.length === 0) return { domain: [0, 1], ticks: ticks(0, 1, count), print: () => '' };
  const least = Math.min(...values);
  const most = Math.max(...values);
  const domain = nice(least, most > least ? most : least + (Math.abs(least) / 10 || 1), count);
  const marks = ticks(...domain, count);
  const digits = decimals(domain[1] - domain[0], marks.length - 1);
  return { domain, ticks: marks, print: (v) => fixed(v, digits) };
}

/** As many decimals as the step between ticks has, at most eight. */
const decimals = (length: number, steps: number): number =>
  Math.min(8, Math.max(0, Math.ceil(-Math.log10(length / steps) - 1e-9)));

/** Whole numbers from `first` to `last`, at most eight, 1, 2 or 5 times a power of ten apart. */
export const wholeTicks = (first: number, last: number): number[] =>
  ticks(first, last, 5).filter(Number.isInteger);
