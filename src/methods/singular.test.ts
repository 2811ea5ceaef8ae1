import { expect, test } from 'vitest';
import { fillNormal, streamKeys } from '../device/random.ts';
import { effectiveRank } from './importance/gradient-rank.run.ts';
import { largestSingularValue, lowerFactor, singularValues } from './singular.ts';
import { stableRank } from './importance/weight-spectrum.run.ts';

const normals = (length: number, stream: number) =>
  fillNormal(streamKeys(3, stream, 0), new Float32Array(length));
const columnsOf = (w: Float32Array, width: number) =>
  Array.from({ length: width }, (_, k) =>
    Float64Array.from({ length: w.length / width }, (_, r) => w[r * width + k]!),
  );
const sorted = (x: ArrayLike<number>) => Array.from(x).sort((a, b) => b - a);

test('singular values equal those of a known and of a constructed matrix', () => {
  // [[3, 0], [4, 5]]: √45 and √5.
  const [a, b] = sorted(singularValues([Float64Array.of(3, 4), Float64Array.of(0, 5)]));
  expect(a).toBeCloseTo(Math.sqrt(45), 12);
  expect(b).toBeCloseTo(Math.sqrt(5), 12);
  // The sums of squares and of fourth powers are traces, independent of the method.
  const w = normals(20 * 12, 1);
  const columns = columnsOf(w, 12);
  const sigma = singularValues(columns);
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((s, v, i) => s + v * y[i]!, 0);
  expect(sigma.reduce((s, v) => s + v ** 2, 0)).toBeCloseTo(
    columns.reduce((s, c) => s + dot(c, c), 0),
    9,
  );
  expect(sigma.reduce((s, v) => s + v ** 4, 0)).toBeCloseTo(
    columns.reduce((s, c) => s + columns.reduce((t, d) => t + dot(c, d) ** 2, 0), 0),
    7,
  );
});

test('the factor has the inner products of the rows, also if rows are dependent', () => {
  const x = normals(6 * 9, 2);
  x.copyWithin(9, 0, 9);
  x.fill(0, 27, 36);
  const factor = lowerFactor(x, 6);
  expect(factor).toHaveLength(4);
  for (let s = 0; s < 6; s++) {
    for (let t = 0; t < 6; t++) {
      let want = 0;
      for (let k = 0; k < 9; k++) want += x[s * 9 + k]! * x[t * 9 + k]!;
      expect(factor.reduce((sum, c) => sum + c[s]! * c[t]!, 0)).toBeCloseTo(want, 6);
    }
  }
});

test('the largest singular value and the stable rank equal those of the whole decomposition', () => {
  for (const [rows, width] of [
    [40, 30],
    [30, 40],
    [200, 1],
  ] as const) {
    const w = normals(rows * width, rows);
    const all = sorted(singularValues(columnsOf(w, width)));
    expect(largestSingularValue(w, width) / all[0]! - 1).toBeLessThan(1e-5);
    expect(largestSingularValue(w, width) / all[0]! - 1).toBeGreaterThan(-1e-5);
    const squares = all.reduce((s, v) => s + v * v, 0);
    const engine = {
      modules: [{ inFeatures: width }],
      materialiseWeight: () => w,
    } as unknown as Parameters<typeof stableRank>[0];
    expect(stableRank(engine, 0)).toBeCloseTo(squares / all[0]! ** 2, 3);
  }
});

test('the effective rank of k equal values is k, of one value 1, of none 0', () => {
  expect(effectiveRank([2, 2, 2, 0])).toBeCloseTo(3, 12);
  expect(effectiveRank([5])).toBe(1);
  expect(effectiveRank([0, 0])).toBe(0);
  const even = effectiveRank([3, 1]);
  expect(even).toBeGreaterThan(1);
  expect(even).toBeLessThan(2);
});
