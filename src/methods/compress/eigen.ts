/**
 * Eigenvectors of a symmetric matrix in double precision: Householder's tridiagonal form, then implicit QL, as in EISPACK's
 * tred2 and tql2 (Golub and Van Loan, Matrix Computations, 8.3). Vectors are kept as rows, so every inner loop runs along
 * memory. About 5 n³ multiplications.
 */

export interface Eigen {
  /** Largest first. */
  values: Float64Array;
  /** [n, n] row-major: row i belongs to value i; orthonormal to rounding. */
  vectors: Float64Array;
}

/** Of `a` [n, n] row-major, symmetric, finite; it is overwritten. */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const { diagonal, beside, vectors } = tridiagonal(a, n);
  diagonalise(diagonal, beside, vectors, n);
  const order = Array.from(diagonal, (_, i) => i).sort((i, j) => diagonal[j]! - diagonal[i]!);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors: sorted };
}

/** A = Vᵀ T V with T tridiagonal: `beside[i]` couples i and i + 1. */
function tridiagonal(a: Float64Array, n: number): { diagonal: Float64Array; beside: Float64Array; vectors: Float64Array } {
  const diagonal = new Float64Array(n), beside = new Float64Array(n), reflectors: (Float64Array | null)[] = [];
  const p = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    diagonal[k] = a[k * n + k]!;
    const x = a.slice(k * n + k + 1, (k + 1) * n), m = x.length, rest = tail(x);
    if (rest === 0) {
      beside[k] = x[0]!;
      reflectors.push(null);
      continue;
    }
    // v with (I − v vᵀ) x = alpha e₁ and ‖v‖² = 2.
    const norm = Math.sqrt(x[0]! * x[0]! + rest), alpha = x[0]! > 0 ? -norm : norm;
    x[0]! -= alpha;
    const scale = Math.SQRT2 / Math.sqrt(x[0]! * x[0]! + rest);
    for (let i = 0; i < m; i++) x[i]! *= scale;
    beside[k] = alpha;
    reflectors.push(x);
    // A ← (I − v vᵀ) A (I − v vᵀ) = A − v wᵀ − w vᵀ with w = A v − ½ (vᵀ A v) v.
    let along = 0;
    for (let i = 0; i < m; i++) {
      const row = (k + 1 + i) * n + k + 1;
      let sum = 0;
      for (let j = 0; j < m; j++) sum += a[row + j]! * x[j]!;
      p[i] = sum;
      along += sum * x[i]!;
    }
    for (let i = 0; i < m; i++) p[i]! -= 0.5 * along * x[i]!;
    for (let i = 0; i < m; i++) {
      const row = (k + 1 + i) * n + k + 1, vi = x[i]!, wi = p[i]!;
      for (let j = 0; j < m; j++) a[row + j]! -= vi * p[j]! + wi * x[j]!;
    }
  }
  if (n > 0) diagonal[n - 1] = a[n * n - 1]!;
  return { diagonal, beside, vectors: reflected(reflectors, n) };
}

/** Σ x² without the first. */
function tail(x: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < x.length; i++) sum += x[i]! * x[i]!;
  return sum;
}

/** Rows of (H₀ H₁ …)ᵀ, from the last reflector back, so that each works on the part that is not the identity yet. */
function reflected(reflectors: readonly (Float64Array | null)[], n: number): Float64Array {
  const z = new Float64Array(n * n);
  for (let i = 0; i < n; i++) z[i * n + i] = 1;
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const v = reflectors[k];
    if (!v) continue;
    // Z ← Z (I − v vᵀ) on rows and columns from k + 1 on.
    for (let i = k + 1; i < n; i++) {
      const row = i * n + k + 1;
      let sum = 0;
      for (let j = 0; j < v.length; j++) sum += z[row + j]! * v[j]!;
      if (sum !== 0) for (let j = 0; j < v.length; j++) z[row + j]! -= sum * v[j]!;
    }
  }
  return z;
}

/** Implicit QL with Wilkinson's shift; `d` becomes the eigenvalues, rows of `z` turn along. */
function diagonalise(d: Float64Array, e: Float64Array, z: Float64Array, n: number): void {
  for (let l = 0; l < n; l++) {
    for (let turn = 0; turn < 60; turn++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > 2.2e-16 * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!), r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1, c = 1, p = 0, i = m - 1;
      for (; i >= l; i--) {
        let f = s * e[i]!;
        const b = c * e[i]!;
        e[i + 1] = r = Math.hypot(f, g);
        if (r === 0) break;
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        const upper = i * n, lower = upper + n;
        for (let k = 0; k < n; k++) {
          f = z[lower + k]!;
          const h = z[upper + k]!;
          z[lower + k] = s * h + c * f;
          z[upper + k] = c * h - s * f;
        }
      }
      if (r === 0 && i >= l) {
        d[i + 1]! -= p;
        e[m] = 0;
        continue;
      }
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}
