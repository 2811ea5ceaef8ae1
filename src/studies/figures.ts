/** Formats numbers for reports and exported pages, with four decimals. */
import type { Interval } from '../methods/statistics.ts';

/** `-` for null. `signed` adds a plus to positive numbers. A value that rounds to 0 has no sign. */
export function figure(v: number | null, signed = false): string {
  if (v === null) return '-';
  const text = fixed(v, 4);
  return signed && v > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** `toFixed` without the sign of a value that rounds to 0. */
export const fixed = (v: number, digits: number): string =>
  v.toFixed(digits).replace(/^-(?=[0.]*$)/, '');

/** Empty for null. */
export const range = (v: Interval | null, signed = false): string =>
  v === null ? '' : `${figure(v.low, signed)} to ${figure(v.high, signed)}`;
