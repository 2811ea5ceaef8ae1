/** Numbers as reports and written pages show them: four decimals. */
import type { Interval } from '../methods/statistics.ts';

/** `-` for none; `signed`: with a plus. */
export const figure = (v: number | null, signed = false): string =>
  v === null ? '-' : `${signed && v > 0 ? '+' : ''}${v.toFixed(4)}`;

/** Empty for none. */
export const range = (v: Interval | null, signed = false): string =>
  v === null ? '' : `${figure(v.low, signed)} to ${figure(v.high, signed)}`;
