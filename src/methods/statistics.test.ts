import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { interval95, spearman, studentT975, summarise } from './statistics.ts';

/**
 * P(T ≤ t) by Simpson's rule on t = √v tan θ, where the density is proportional to cos^(v−1) θ:
 * smooth and bounded.
 */
function studentCdf(t: number, v: number): number {
  const integral = (to: number) => {
    const n = 4000;
    const h = to / n;
    let sum = 0;
    for (let i = 0; i <= n; i++)
      sum += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.cos(i * h) ** (v - 1);
    return (sum * h) / 3;
  };
  return 0.5 + integral(Math.atan(t / Math.sqrt(v))) / (2 * integral(Math.PI / 2));
}

test('the t quantile leaves 2.5 % above it at every degree of freedom', () => {
  for (const v of [...Array(40).keys()].map((i) => i + 1).concat(63, 200, 999)) {
    expect(studentCdf(studentT975(v), v)).toBeCloseTo(0.975, 6);
  }
});

test('the summary follows the definition, also with a large common offset', () => {
  expect(summarise([])).toEqual({ n: 0, mean: NaN, standardError: null });
  expect(summarise([3])).toEqual({ n: 1, mean: 3, standardError: null });
  const s = summarise([2, 4, 4, 4, 5, 5, 7, 9]);
  expect(s.mean).toBe(5);
  expect(s.standardError).toBeCloseTo(Math.sqrt(32 / 7 / 8), 12);
  expect(summarise([1e9 + 1, 1e9 + 2, 1e9 + 3]).standardError).toBeCloseTo(1 / Math.sqrt(3), 6);
});

test('a 95 % interval of normal values covers the mean about 95 times in 100', () => {
  let seed = 7;
  let covered = 0;
  const u = () => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(u())) * Math.cos(2 * Math.PI * u());
  for (let i = 0; i < 4000; i++) {
    const { low, high } = defined(interval95([normal(), normal(), normal(), normal(), normal()]));
    if (low <= 0 && 0 <= high) covered++;
  }
  expect(covered / 4000).toBeGreaterThan(0.935);
  expect(covered / 4000).toBeLessThan(0.965);
});

describe('Spearman', () => {
  test('is 1 for increasing maps, −1 for decreasing maps, and averages the ranks of ties', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2 }), (x) => {
        expect(
          spearman(
            x,
            x.map((v) => v ** 3),
          ),
        ).toBeCloseTo(1, 10);
        expect(
          spearman(
            x,
            x.map((v) => -v),
          ),
        ).toBeCloseTo(-1, 10);
      }),
    );
    // scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4]) = 0.9486832980505138
    expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(0.9486832980505138, 12);
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });

  test.skipIf(!hasShared)('equals the SmolLM2 reference between its halves', () => {
    const reference = JSON.parse(
      readFileSync(sharedPath('reference/smollm2/adarank.json'), 'utf8'),
    );
    const values = Object.values<{ values: number[]; mean: number; standard_error: number }>(
      reference.modules,
    );
    const half = (from: number) =>
      values.map((m) => m.values.slice(from, from + 4).reduce((a, b) => a + b, 0));
    expect(spearman(half(0), half(4))).toBeCloseTo(reference.spearman_halves, 6);
    for (const m of values) {
      const s = summarise(m.values);
      expect(Math.abs(s.mean / m.mean - 1)).toBeLessThan(1e-12);
      expect(Math.abs(defined(s.standardError) / m.standard_error - 1)).toBeLessThan(1e-12);
    }
  });
});
