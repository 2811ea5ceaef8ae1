/** Formats numbers for reports and exported pages, with four decimals. */
import { unsignedZero, withPlus } from '../language/numbers.ts';
import type { Interval } from '../methods/statistics.ts';

/** `-` for null. `signed` adds a plus to numbers that print above zero. */
export function figure(v: number | null, signed = false): string {
  if (v === null) return '-';
  const printed = unsignedZero(v.toFixed(4));
  return signed ? withPlus(printed) : printed;
}

/** Empty for null. */
export const range = (v: Interval | null, signed = false): string =>
  v === null ? '' : `${figure(v.low, signed)} to ${figure(v.high, signed)}`;
