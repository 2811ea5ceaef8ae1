/**
 * Divide and conquer: residuals, orthogonality, and matrices that are known to be difficult for
 * such methods.
 */
import { describe, expect, it } from 'vitest';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { gram, product, transposed } from './dense.ts';
import { symmetricEigen } from './eigen.ts';
import { tridiagonalEigen } from './tridiagonal.ts';

const normals = (length: number, seed: number) =>
  Float64Array.from(fillNormal(streamKeys(seed, 0, 0), new Float32Array(length)));

/** The largest of |A v − λ v| and |v·v' − 1 or 0|, relative to the largest value. */
function off(
  a: Float64Array,
  n: number,
  { values, vectors }: { values: Float64Array; vectors: Float64Array },
): number {
  const along = product(vectors, a, n);
  const overlaps = gram(vectors, n);
  const size = values.reduce((max, v) => Math.max(max, Math.abs(v)), 1e-300);
  let worst = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      worst = Math.max(
        worst,
        Math.abs(along[i * n + j]! - values[i]! * vectors[i * n + j]!) / size,
        Math.abs(overlaps[i * n + j]! - (i === j ? 1 : 0)),
      );
    }
  return worst;
}

const dense = (diagonal: Float64Array, offDiagonal: Float64Array): Float64Array => {
  const n = diagonal.length;
  const a = new Float64Array(n * n);
  diagonal.forEach((d, i) => {
    a[i * n + i] = d;
    if (i + 1 < n) a[i * n + i + 1] = a[(i + 1) * n + i] = offDiagonal[i]!;
  });
  return a;
};

describe('eigenvectors reproduce the matrix', () => {
  it.each([1, 2, 3, 24, 25, 26, 49, 50, 100, 131])(
    'if it is random and symmetric, of %i rows',
    (n) => {
      const x = normals(n * n, n);
      const a = Float64Array.from(x, (v, i) => v + x[(i % n) * n + Math.floor(i / n)]!);
      const found = symmetricEigen(a.slice(), n);
      expect(off(a, n, found)).toBeLessThan(1e-13);
      for (let i = 1; i < n; i++)
        expect(found.values[i]!).toBeLessThanOrEqual(found.values[i - 1]!);
    },
  );

  it('if it is a Gram matrix of low rank, with mostly equal eigenvalues', () => {
    const n = 90;
    const a = gram(normals(n * 7, 1), n);
    const found = symmetricEigen(a.slice(), n);
    expect(off(a, n, found)).toBeLessThan(1e-13);
    expect(found.values.filter((v) => v > 1e-10)).toHaveLength(7);
  });

  const n = 101;
  const sizes: [string, (i: number) => number, (i: number) => number][] = [
    ['in two parts', (i) => i % 5, (i) => (i === 49 ? 0 : 1)],
    ['zero but for its diagonal', (i) => (i % 3) - 1, () => 0],
    ['the same everywhere', () => 2, () => -1],
    // Wilkinson's: pairs of values that agree to the last digit.
    ['W₁₀₁⁺', (i) => Math.abs(i - 50), () => 1],
    [
      'of pieces stuck together with nearly nothing',
      (i) => Math.abs((i % 21) - 10),
      (i) => (i % 21 === 20 ? 1e-9 : 1),
    ],
    ['of very different sizes', (i) => 10 ** -(i / 8), (i) => 10 ** -(i / 8) / 3],
  ];
  it.each(sizes)('if it is tridiagonal %s', (_, d, e) => {
    const diagonal = Float64Array.from({ length: n }, (__, i) => d(i));
    const offDiagonal = Float64Array.from({ length: n }, (__, i) => e(i));
    const found = tridiagonalEigen(diagonal.slice(), offDiagonal.slice());
    expect(off(dense(diagonal, offDiagonal), n, found)).toBeLessThan(1e-13);
    for (let i = 1; i < n; i++)
      expect(found.values[i]!).toBeGreaterThanOrEqual(found.values[i - 1]!);
  });
});

describe('dense products equal the definition', () => {
  it.each([
    [1, 1, 1],
    [2, 3, 4],
    [3, 5, 2],
    [7, 9, 8],
  ])('for %i x %i and %i columns', (rows, inner, width) => {
    const a = normals(rows * inner, 1);
    const b = normals(inner * width, 2);
    const got = product(a, b, inner);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < width; j++) {
        expect(got[i * width + j]!).toBeCloseTo(
          Array.from({ length: inner }, (_, k) => a[i * inner + k]! * b[k * width + j]!).reduce(
            (x, y) => x + y,
            0,
          ),
          12,
        );
      }
    expect([...gram(a, rows)]).toEqual(
      [...product(a, transposed(a, rows, inner), inner)].map((v) => expect.closeTo(v, 12)),
    );
  });
});
