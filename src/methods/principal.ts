/** Leading principal components of the rows of a matrix. Double precision, deterministic. */
import { elementAt } from '../checked.ts';
import { fillNormal } from '../device/random.ts';
import { keysOf } from '../device/streams.ts';

export interface Components {
  /** Orthonormal directions, each `width` long, by decreasing variance. */
  directions: Float64Array[];
  /** Share of the total variance along each direction. */
  shares: number[];
}

/**
 * The first `count` components of `x` [rows, width] about its mean, or fewer if the variance has
 * fewer directions. Uses Lanczos with full reorthogonalisation; the covariance is never formed.
 * Exactly equal variances count once.
 */
export function principalComponents(x: Float32Array, rows: number, count: number): Components {
  const width = x.length / rows;
  const centred = centre(x, rows, width);
  const total = dot(centred, centred);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  /** The component of v outside the basis, normalised; null if it is only rounding error. */
  const outside = (v: Float64Array) => {
    orthogonalise(v, basis);
    const length = Math.sqrt(dot(v, v));
    return { length, next: length > 1e-12 * total ? v.map((k) => k / length) : null };
  };
  // The image of a random vector lies in the range of the covariance.
  const start = () =>
    outside(
      covariance(
        centred,
        rows,
        Float64Array.from(
          fillNormal(keysOf(1, 'startVectors', basis.length), new Float32Array(width)),
        ),
      ),
    ).next;

  let next = start();
  let ritz: Eigenpair[] = [];
  while (next) {
    basis.push(next);
    const image = covariance(centred, rows, next);
    diagonal.push(dot(image, next));
    const { length, next: following } = outside(image);
    next = following ?? start();
    if (next === null || (basis.length >= 2 * count && basis.length % 8 === 0)) {
      ritz = tridiagonalEigen(diagonal, offDiagonal).slice(0, count);
      // The last entry of the Ritz vector times the residual norm bounds the error of the
      // eigenvalue.
      if (
        following &&
        ritz.every(
          (r) => length * Math.abs(elementAt(r.vector, -1)) <= 1e-9 * elementAt(ritz, 0).value,
        )
      )
        break;
    }
    offDiagonal.push(following ? length : 0);
  }
  const kept = ritz.filter((r) => r.value > 1e-12 * total);
  return {
    directions: kept.map((r) => combination(basis, r.vector)),
    shares: kept.map((r) => r.value / total),
  };
}

function centre(x: Float32Array, rows: number, width: number): Float64Array {
  const mean = new Float64Array(width);
  const out = Float64Array.from(x);
  for (let i = 0; i < out.length; i++) mean[i % width]! += out[i]! / rows;
  for (let i = 0; i < out.length; i++) out[i]! -= mean[i % width]!;
  return out;
}

/** Σ over rows of (row · v) row. */
function covariance(x: Float64Array, rows: number, v: Float64Array): Float64Array {
  const width = v.length;
  const out = new Float64Array(width);
  for (let r = 0; r < rows; r++) {
    const row = x.subarray(r * width, (r + 1) * width);
    const y = dot(row, v);
    for (let k = 0; k < width; k++) out[k]! += y * row[k]!;
  }
  return out;
}

/** A second pass makes the result orthogonal to rounding. */
function orthogonalise(v: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) {
    for (const q of basis) {
      const part = dot(v, q);
      for (let k = 0; k < v.length; k++) v[k]! -= part * q[k]!;
    }
  }
}

interface Eigenpair {
  value: number;
  vector: Float64Array;
}

/** Eigenpairs of a small symmetric tridiagonal matrix, largest first, by Jacobi rotations. */
function tridiagonalEigen(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
): Eigenpair[] {
  const n = diagonal.length;
  const a = diagonal.map((d, i) =>
    Float64Array.from({ length: n }, (_, j) =>
      i === j ? d : Math.abs(i - j) === 1 ? offDiagonal[Math.min(i, j)]! : 0,
    ),
  );
  const v = diagonal.map((_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  const size = Math.max(...diagonal.map(Math.abs));
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep++) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = elementAt(a, p)[q]!;
        if (Math.abs(off) <= 1e-15 * size) continue;
        turned = true;
        const theta = (elementAt(a, q)[q]! - elementAt(a, p)[p]!) / (2 * off);
        const tan = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(1, theta));
        const cos = 1 / Math.hypot(1, tan);
        const sin = cos * tan;
        for (let k = 0; k < n; k++) rotate(elementAt(a, k), p, q, cos, sin);
        const rowP = elementAt(a, p);
        const rowQ = elementAt(a, q);
        for (let k = 0; k < n; k++) {
          const x = rowP[k]!;
          const y = rowQ[k]!;
          rowP[k] = cos * x - sin * y;
          rowQ[k] = sin * x + cos * y;
          rotate(elementAt(v, k), p, q, cos, sin);
        }
      }
    }
  }
  return diagonal
    .map((_, i) => ({ value: elementAt(a, i)[i]!, vector: Float64Array.from(v, (row) => row[i]!) }))
    .sort((x, y) => y.value - x.value);
}

// eslint-disable-next-line @typescript-eslint/max-params -- an inner loop
function rotate(row: Float64Array, p: number, q: number, cos: number, sin: number): void {
  const x = row[p]!;
  const y = row[q]!;
  row[p] = cos * x - sin * y;
  row[q] = sin * x + cos * y;
}

function combination(basis: readonly Float64Array[], weights: Float64Array): Float64Array {
  const out = new Float64Array(elementAt(basis, 0).length);
  basis.forEach((q, i) => {
    for (let k = 0; k < out.length; k++) out[k]! += weights[i]! * q[k]!;
  });
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
