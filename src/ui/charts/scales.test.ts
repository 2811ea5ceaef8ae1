import { scaleLinear as d3Linear } from 'd3-scale';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scaleLinear } from './scales.ts';

const number = fc.integer({ min: -1e9, max: 1e9 }).map((i) => i / 1000);
const pair = fc.tuple(number, number);

test('the linear scale is d3’s, bit by bit', () => {
  fc.assert(
    fc.property(
      pair,
      pair,
      fc.array(number, { maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      (domain, range, values, count) => {
        const own = scaleLinear();
        const d3 = d3Linear<number>();
        own.domain(domain);
        own.range(range);
        d3.domain(domain).range(range);
        const copy = own.copy();
        for (const value of [...values, ...domain]) {
          expect(own(value)).toBe(d3(value));
          expect(copy(value)).toBe(d3(value));
        }
        expect(own.ticks(count)).toEqual(d3.ticks(count));
        expect(own.domain()).toEqual(d3.domain());
        expect(own.range()).toEqual(d3.range());
      },
    ),
  );
});

test('one value wide, it gives the middle, and what is no number has no place', () => {
  const own = scaleLinear();
  const d3 = d3Linear<number>();
  for (const scale of [own, d3]) {
    scale.domain([3, 3]);
    scale.range([10, 20]);
  }
  for (const value of [3, 4, undefined, null, NaN, 'x', '4'])
    expect(own(value)).toBe(d3(value as number));
  expect(own(3)).toBe(15);
  expect(own(undefined)).toBeUndefined();
});
