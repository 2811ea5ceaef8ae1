/**
 * Singular values of small dense matrices, and the largest singular value of a large matrix. Double
 * precision, deterministic.
 */
import { elementAt } from '../checked.ts';
import { fillNormal } from '../device/random.ts';
import { keysOf } from '../device/streams.ts';

/**
 * Factors `x` [rows, width], row-major, as L Q with orthonormal rows in Q. Returns the columns of
 * L, each `rows` long, one per independent row of x. Uses modified Gram–Schmidt twice, so that Q is
 * orthonormal to rounding.
 */
export function lowerFactor(x: Float32Array, rows: number): Float64Array[] {
  const width = x.length / rows;
  const basis: Float64Array[] = [];
  const columns: Float64Array[] = [];
  for (let r = 0; r < rows; r++) {
    const rest = Float64Array.from(x.subarray(r * width, (r + 1) * width));
    const size = Math.sqrt(dot(rest, rest));
    for (let pass = 0; pass < 2; pass++) {
      basis.forEach((q, i) => {
        const part = dot(q, rest);
        elementAt(columns, i)[r]! += part;
        for (let k = 0; k < width; k++) rest[k]! -= part * q[k]!;
      });
    }
    const left = Math.sqrt(dot(rest, rest));
    // The remainder of a row that depends on earlier rows is rounding error.
    if (!(left > 1e-12 * size)) continue;
    basis.push(rest.map((v) => v / left));
    columns.push(new Float64Array(rows));
    elementAt(columns, -1)[r] = left;
  }
  return columns;
}

/**
 * Singular values of a matrix given by its columns, unordered. One-sided Jacobi rotations
 * (Hestenes).
 */
export function singularValues(columns: readonly Float64Array[]): Float64Array {
  const c = columns.map((column) => column.slice());
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep++) {
    turned = false;
    for (let i = 0; i < c.length; i++) {
      for (let j = i + 1; j < c.length; j++) {
        const a = elementAt(c, i);
        const b = elementAt(c, j);
        const aa = dot(a, a);
        const bb = dot(b, b);
        const ab = dot(a, b);
        if (Math.abs(ab) <= 1e-12 * Math.sqrt(aa * bb)) continue;
        turned = true;
        const zeta = (bb - aa) / (2 * ab);
        const tan = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cos = 1 / Math.hypot(1, tan);
        const sin = cos * tan;
        for (let k = 0; k < a.length; k++) {
          const x = a[k]!;
          const y = b[k]!;
          a[k] = cos * x - sin * y;
          b[k] = sin * x + cos * y;
        }
      }
    }
  }
  return Float64Array.from(c, (column) => Math.sqrt(dot(column, column)));
}

/**
 * ‖w‖₂ of `w` [rows, width], row-major, to about 1e-6: Lanczos on wᵀw with full
 * reorthogonalisation, from a seeded start.
 */
export function largestSingularValue(w: Float32Array, width: number): number {
  const rows = w.length / width;
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let v = Float64Array.from(fillNormal(keysOf(1, 'startVectors'), new Float32Array(width)));
  let length = Math.sqrt(dot(v, v));
  let best = 0;
  while (basis.length < Math.min(width, 200)) {
    v = v.map((x) => x / length);
    basis.push(v);
    const next = new Float64Array(width);
    for (let r = 0; r < rows; r++) {
      const row = w.subarray(r * width, (r + 1) * width);
      let y = 0;
      for (let k = 0; k < width; k++) y += row[k]! * v[k]!;
      for (let k = 0; k < width; k++) next[k]! += y * row[k]!;
    }
    diagonal.push(dot(next, v));
    for (const q of basis) {
      const part = dot(next, q);
      for (let k = 0; k < width; k++) next[k]! -= part * q[k]!;
    }
    const before = best;
    best = largestEigenvalue(diagonal, offDiagonal);
    length = Math.sqrt(dot(next, next));
    if (best - before <= 1e-7 * best || length <= 1e-12 * best) break;
    offDiagonal.push(length);
    v = next;
  }
  return Math.sqrt(best);
}

/**
 * Largest eigenvalue of a symmetric tridiagonal matrix by bisection. The number of eigenvalues
 * below x is the number of positive pivots of x I − T.
 */
function largestEigenvalue(diagonal: readonly number[], offDiagonal: readonly number[]): number {
  const radius = (i: number) => Math.abs(offDiagonal[i - 1] ?? 0) + Math.abs(offDiagonal[i] ?? 0);
  let low = Math.max(...diagonal);
  let high = Math.max(...diagonal.map((d, i) => d + radius(i)));
  const allBelow = (x: number) => {
    let pivot = 1;
    return diagonal.every((d, i) => {
      pivot = x - d - (i === 0 ? 0 : offDiagonal[i - 1]! ** 2 / pivot);
      return pivot > 0;
    });
  };
  for (let i = 0; i < 100 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (allBelow(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
