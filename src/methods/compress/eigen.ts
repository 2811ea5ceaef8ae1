/**
 * Eigenvectors of a symmetric matrix in double precision: Householder tridiagonalisation, divide
 * and conquer (`tridiagonal.ts`), and back-transformation (Golub and Van Loan, Matrix Computations,
 * 8.3). Vectors are rows, so that every inner loop follows memory. About 3 n³ multiplications.
 */
import { tridiagonalEigen } from './tridiagonal.ts';

export interface Eigen {
  /** Largest first. */
  values: Float64Array;
  /** [n, n] row-major. Row i belongs to value i; rows are orthonormal to rounding. */
  vectors: Float64Array;
}

/** Decomposes `a` [n, n], row-major, symmetric and finite. Reads and overwrites its lower half. */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const { diagonal, offDiagonal, reflectors } = tridiagonalForm(a, n);
  const { values, vectors } = tridiagonalEigen(diagonal, offDiagonal);
  const turned = new Float64Array(n * n);
  for (let i = 0; i < n; i++) turned.set(vectors.subarray(i * n, (i + 1) * n), (n - 1 - i) * n);
  carryBack(turned, reflectors, n);
  return { values: values.reverse(), vectors: turned };
}

/**
 * T = … H A H … with H = I − v vᵀ for each row, last row first, as in EISPACK's tred2.
 * `offDiagonal[i]` couples i and i + 1. Row k of `reflectors` [n, n] is the v that clears row k,
 * zero from k on. One pass over the matrix applies one step's update and computes the next step's
 * product.
 */
function tridiagonalForm(
  a: Float64Array,
  n: number,
): { diagonal: Float64Array; offDiagonal: Float64Array; reflectors: Float64Array } {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const reflectors = new Float64Array(n * n);
  // Pending update of the previous step: A ← A − v wᵀ − w vᵀ.
  let v = new Float64Array(n);
  const w = new Float64Array(n);
  const p = new Float64Array(n);
  const update = (row: number, i: number, to: number) => {
    const vi = v[i]!;
    const wi = w[i]!;
    for (let j = 0; j <= to; j++) a[row + j]! -= vi * w[j]! + wi * v[j]!;
  };
  for (let k = n - 1; k > 0; k--) {
    const row = k * n;
    const x = reflectors.subarray(row, row + n);
    update(row, k, k);
    diagonal[k] = a[row + k]!;
    x.set(a.subarray(row, row + k));
    offDiagonal[k - 1] = reflector(x, k);
    p.fill(0, 0, k);
    for (let i = 0, at = 0; i < k; i++, at += n) {
      const vi = v[i]!;
      const wi = w[i]!;
      const xi = x[i]!;
      let sum = 0;
      for (let j = 0; j < i; j++) {
        const value = a[at + j]! - vi * w[j]! - wi * v[j]!;
        a[at + j] = value;
        sum += value * x[j]!;
        p[j]! += value * xi;
      }
      const own = a[at + i]! - 2 * vi * wi;
      a[at + i] = own;
      p[i]! += sum + own * xi;
    }
    // w = A x − ½ (xᵀ A x) x.
    let along = 0;
    for (let i = 0; i < k; i++) along += p[i]! * x[i]!;
    for (let i = 0; i < k; i++) w[i] = p[i]! - 0.5 * along * x[i]!;
    v = x;
  }
  if (n > 0) {
    update(0, 0, 0);
    diagonal[0] = a[0]!;
  }
  return { diagonal, offDiagonal, reflectors };
}

/**
 * Replaces the first `k` numbers of `x` by the v with ‖v‖² = 2 whose reflection maps x onto
 * coordinate k − 1. Returns that coordinate. v is zero if x already has this form.
 */
function reflector(x: Float64Array, k: number): number {
  let rest = 0;
  for (let i = 0; i < k - 1; i++) rest += x[i]! * x[i]!;
  const last = x[k - 1]!;
  if (rest === 0) {
    x.fill(0);
    return last;
  }
  const norm = Math.sqrt(last * last + rest);
  const alpha = last > 0 ? -norm : norm;
  x[k - 1] = last - alpha;
  const scale = Math.SQRT2 / Math.sqrt((last - alpha) ** 2 + rest);
  for (let i = 0; i < k; i++) x[i]! *= scale;
  return alpha;
}

/**
 * Transforms the rows of `z` [n, n] from eigenvectors of T to those of A: z ← z H₁ H₂ …, four
 * reflections per pass, two rows at a time.
 */
function carryBack(z: Float64Array, reflectors: Float64Array, n: number): void {
  const zero = new Float64Array(n);
  const spare = new Float64Array(n);
  const rowOf = (all: Float64Array, i: number) => all.subarray(i * n, (i + 1) * n);
  for (let k = 1; k < n; k += 4) {
    const length = Math.min(n, k + 3);
    const [a, b, c, d] = [k, k + 1, k + 2, k + 3].map((i) =>
      i < n ? rowOf(reflectors, i) : zero,
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    const ab = dot(a, b);
    const ac = dot(a, c);
    const ad = dot(a, d);
    const bc = dot(b, c);
    const bd = dot(b, d);
    const cd = dot(c, d);
    for (let i = 0; i < n; i += 2) {
      const one = rowOf(z, i);
      const two = i + 1 < n ? rowOf(z, i + 1) : spare;
      let p = 0;
      let q = 0;
      let r = 0;
      let s = 0;
      let t = 0;
      let u = 0;
      let v = 0;
      let w = 0;
      for (let j = 0; j < length; j++) {
        const x = one[j]!;
        const y = two[j]!;
        const aj = a[j]!;
        const bj = b[j]!;
        const cj = c[j]!;
        const dj = d[j]!;
        p += x * aj;
        q += x * bj;
        r += x * cj;
        s += x * dj;
        t += y * aj;
        u += y * bj;
        v += y * cj;
        w += y * dj;
      }
      // Correct each product for the reflections applied before it.
      q -= p * ab;
      r -= p * ac + q * bc;
      s -= p * ad + q * bd + r * cd;
      u -= t * ab;
      v -= t * ac + u * bc;
      w -= t * ad + u * bd + v * cd;
      for (let j = 0; j < length; j++) {
        const aj = a[j]!;
        const bj = b[j]!;
        const cj = c[j]!;
        const dj = d[j]!;
        one[j]! -= p * aj + q * bj + r * cj + s * dj;
        two[j]! -= t * aj + u * bj + v * cj + w * dj;
      }
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
