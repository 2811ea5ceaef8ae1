/** Formats numbers for reports and exported pages, with four decimals. */
import type { Interval } from '../methods/statistics.ts';

/** `-` for null. `signed` adds a plus to positive numbers. */
export const figure = (v: number | null, signed = false): string =>
  v === null ? '-' : `${signed && v > 0 ? '+' : ''}${v.toFixed(4)}`;

/** Empty for null. */
export const range = (v: Interval | null, signed = false): string =>
  v === null ? '' : `${figure(v.low, signed)} to ${figure(v.high, signed)}`;
