import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numbersOf } from '../../language/numbers.ts';
import { axisOf, wholeTicks } from './axis.ts';

const { fixed } = numbersOf('en-GB');

test('an axis holds its values between its first and last tick', () => {
  const value = fc.integer({ min: -1e6, max: 1e6 }).map((i) => i / 1000);
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), (values) => {
      const { domain, ticks, print } = axisOf(values, fixed);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(8);
      expect([ticks[0], ticks.at(-1)]).toEqual(domain);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(domain[0]);
      expect(Math.max(...values)).toBeLessThanOrEqual(domain[1]);
      expect(new Set(ticks.map(print)).size).toBe(ticks.length);
    }),
  );
});

test.each([
  [
    [3.21, 3.48],
    ['3.2', '3.3', '3.4', '3.5'],
  ],
  [
    [2.62, 3.81],
    ['2.5', '3.0', '3.5', '4.0'],
  ],
  [[5], ['5.0', '5.1', '5.2', '5.3', '5.4', '5.5']],
])('the ticks of %j are round and printed with the decimals they need', (values, printed) => {
  const { ticks, print } = axisOf(values, fixed);
  expect(ticks.map(print)).toEqual(printed);
});

test('without values an axis has no numbers', () => {
  const { ticks, print } = axisOf([], fixed);
  expect(ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks.map(print).join('')).toBe('');
});

test.each([
  [0, 7, [0, 1, 2, 3, 4, 5, 6, 7]],
  [0, 29, [0, 5, 10, 15, 20, 25]],
  [2, 5, [2, 3, 4, 5]],
  [1, 10, [2, 4, 6, 8, 10]],
  [0, 30, [0, 5, 10, 15, 20, 25, 30]],
])('whole ticks from %i to %i', (first, last, expected) => {
  expect(wholeTicks(first, last)).toEqual(expected);
});
