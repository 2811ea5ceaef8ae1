/**
 * Eigenvectors of a symmetric tridiagonal matrix by divide and conquer. Two halves get a rank-one
 * correction (Cuppen). The vectors are those of the nearby matrix for which the computed roots of
 * the secular equation are exact, so they are orthogonal (Gu and Eisenstat, SIAM J. Matrix Anal.
 * Appl. 16, 1995; LAPACK's dstedc). Small matrices use implicit QL (EISPACK's tql2).
 *
 * The cost is two thirds of n³ multiplications in matrix products. QL alone rotates pairs of rows
 * 0.8 n² times.
 */
import { defined } from '../../checked.ts';
import { product } from './dense.ts';

/** Ascending values; [n, n] row-major, row i belongs to value i. */
interface Solved {
  values: Float64Array;
  vectors: Float64Array;
}

/** QL is faster up to this number of rows. */
const SMALL = 24;
const EPSILON = 2.2e-16;

/**
 * Decomposes the matrix with `diagonal` [n] and `offDiagonal`, whose number i couples i and i + 1.
 * Overwrites both.
 */
export function tridiagonalEigen(diagonal: Float64Array, offDiagonal: Float64Array): Solved {
  const n = diagonal.length;
  if (n <= SMALL) return byRotations(diagonal, offDiagonal);
  const half = n >> 1;
  const coupling = offDiagonal[half - 1]!;
  const size = Math.abs(coupling);
  diagonal[half - 1]! -= size;
  diagonal[half]! -= size;
  const low = tridiagonalEigen(diagonal.subarray(0, half), offDiagonal.subarray(0, half - 1));
  const high = tridiagonalEigen(diagonal.subarray(half), offDiagonal.subarray(half));
  return joined(low, high, size, Math.sign(coupling));
}

/**
 * Eigenvectors of diag(low, high) + size · v vᵀ, where v is 1 at the end of low and `sign` at the
 * start of high.
 */
function joined(low: Solved, high: Solved, size: number, sign: number): Solved {
  const m = low.values.length;
  const n = m + high.values.length;
  const d = new Float64Array(n);
  const z = new Float64Array(n);
  const rho = 2 * size;
  d.set(low.values);
  d.set(high.values, m);
  // ‖z‖ = 1.
  for (let i = 0; i < m; i++) z[i] = low.vectors[i * m + m - 1]! / Math.SQRT2;
  for (let i = m; i < n; i++) z[i] = (sign * high.vectors[(i - m) * (n - m)]!) / Math.SQRT2;
  // Rows of the two halves. Each is zero in the columns of the other half until a rotation mixes
  // two rows.
  const left = Array.from({ length: n }, (_, i) =>
    i < m ? low.vectors.subarray(i * m, (i + 1) * m) : null,
  );
  const right = Array.from({ length: n }, (_, i) =>
    i < m ? null : high.vectors.subarray((i - m) * (n - m), (i - m + 1) * (n - m)),
  );
  const undeflated = deflated(d, z, rho, (i, j, c, s) => {
    rotate(left, i, j, c, s, m);
    rotate(right, i, j, c, s, n - m);
  });
  const { values, shares } = secular(
    undeflated.map((i) => d[i]!),
    undeflated.map((i) => z[i]!),
    rho,
  );
  const count = undeflated.length;
  // New rows are linear combinations of old ones. The columns of each half are one matrix product.
  const part = (rows: readonly (Float64Array | null)[], width: number): Float64Array => {
    const has = [...undeflated.keys()].filter((i) => rows[undeflated[i]!]);
    const factors = new Float64Array(count * has.length);
    const own = new Float64Array(has.length * width);
    has.forEach((i, to) => {
      own.set(defined(rows[undeflated[i]!]), to * width);
      for (let j = 0; j < count; j++) factors[j * has.length + to] = shares[j * count + i]!;
    });
    return has.length > 0 ? product(factors, own, has.length) : new Float64Array(count * width);
  };
  const newLeft = part(left, m);
  const newRight = part(right, n - m);
  const isUndeflated = new Set(undeflated);
  const entries: { value: number; left: Float64Array | null; right: Float64Array | null }[] = [];
  undeflated.forEach((_, j) =>
    entries.push({
      value: values[j]!,
      left: newLeft.subarray(j * m, (j + 1) * m),
      right: newRight.subarray(j * (n - m), (j + 1) * (n - m)),
    }),
  );
  for (let i = 0; i < n; i++)
    if (!isUndeflated.has(i))
      entries.push({ value: d[i]!, left: left[i] ?? null, right: right[i] ?? null });
  entries.sort((a, b) => a.value - b.value);
  const vectors = new Float64Array(n * n);
  entries.forEach((entry, i) => {
    if (entry.left) vectors.set(entry.left, i * n);
    if (entry.right) vectors.set(entry.right, i * n + m);
  });
  return { values: Float64Array.from(entries, (e) => e.value), vectors };
}

/** Rotates rows `i` and `j`, `width` numbers each. null is a row of zeros. */
// eslint-disable-next-line @typescript-eslint/max-params -- an inner loop
function rotate(
  rows: (Float64Array | null)[],
  i: number,
  j: number,
  c: number,
  s: number,
  width: number,
): void {
  const x = rows[i];
  const y = rows[j];
  if (!x && !y) return;
  rows[i] = Float64Array.from(
    { length: width },
    (_, k) => c * (x ? x[k]! : 0) + s * (y ? y[k]! : 0),
  );
  rows[j] = Float64Array.from(
    { length: width },
    (_, k) => c * (y ? y[k]! : 0) - s * (x ? x[k]! : 0),
  );
}

/**
 * Indices of the values that the correction changes, ascending. A value with z ≈ 0 is unchanged. A
 * rotation sets z to 0 for one of two nearly equal values (LAPACK's dlaed2). Updates `d` and `z`.
 */
function deflated(
  d: Float64Array,
  z: Float64Array,
  rho: number,
  rotate: (i: number, j: number, c: number, s: number) => void,
): number[] {
  const largest = (x: Float64Array) => x.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const allowed = 8 * EPSILON * Math.max(largest(d), largest(z));
  const undeflated: number[] = [];
  let before = -1;
  for (const j of Array.from(d.keys()).sort((a, b) => d[a]! - d[b]!)) {
    if (rho * Math.abs(z[j]!) <= allowed) continue;
    if (before >= 0) {
      const length = Math.hypot(z[j]!, z[before]!);
      const c = z[j]! / length;
      const s = -z[before]! / length;
      const apart = d[j]! - d[before]!;
      if (Math.abs(apart * c * s) <= allowed) {
        rotate(before, j, c, s);
        [d[before], d[j]] = [
          d[before]! * c * c + d[j]! * s * s,
          d[before]! * s * s + d[j]! * c * c,
        ];
        z[j] = length;
        z[before] = 0;
      } else undeflated.push(before);
    }
    before = j;
  }
  if (before >= 0) undeflated.push(before);
  return undeflated;
}

/**
 * Eigenvalues of diag(d) + rho z zᵀ, for distinct ascending d and nonzero z, and the coefficients
 * [count, count] of each new row in the old rows.
 */
function secular(
  d: readonly number[],
  z: readonly number[],
  rho: number,
): { values: Float64Array; shares: Float64Array } {
  const n = d.length;
  const values = new Float64Array(n);
  const apart = new Float64Array(n * n);
  const weights = z.map((x) => rho * x * x);
  for (let j = 0; j < n; j++) {
    const { base, shift } = root(d, weights, j);
    values[j] = base + shift;
    for (let i = 0; i < n; i++) apart[j * n + i] = d[i]! - base - shift;
  }
  // The z for which these roots are exact, up to a factor.
  const exact = Float64Array.from(d, (own, i) => {
    let square = Math.abs(apart[i * n + i]!);
    for (let j = 0; j < n; j++) if (j !== i) square *= Math.abs(apart[j * n + i]! / (d[j]! - own));
    return Math.sqrt(square) * (z[i]! < 0 ? -1 : 1);
  });
  for (let j = 0; j < n; j++) {
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const share = exact[i]! / apart[j * n + i]!;
      apart[j * n + i] = share;
      squares += share * share;
    }
    const length = Math.sqrt(squares);
    for (let i = 0; i < n; i++) apart[j * n + i]! /= length;
  }
  return { values, shares: apart };
}

/**
 * The root of 1 + Σ wᵢ / (dᵢ − λ) between d[j] and d[j + 1] (above d[j] for the last j), as an
 * exact offset from the nearer of the two. Each side's sum is replaced by one pole of equal value
 * and slope (Bunch, Nielsen and Sorensen), within bounds that only narrow.
 */
function root(
  d: readonly number[],
  w: readonly number[],
  j: number,
): { base: number; shift: number } {
  const n = d.length;
  const last = j === n - 1;
  const gap = last ? w.reduce((a, b) => a + b, 0) : d[j + 1]! - d[j]!;
  const at = (base: number, shift: number) => {
    let below = 0;
    let belowSlope = 0;
    let above = 0;
    let aboveSlope = 0;
    for (let i = 0; i <= j; i++) {
      const t = w[i]! / (d[i]! - base - shift);
      below += t;
      belowSlope += t / (d[i]! - base - shift);
    }
    for (let i = j + 1; i < n; i++) {
      const t = w[i]! / (d[i]! - base - shift);
      above += t;
      aboveSlope += t / (d[i]! - base - shift);
    }
    return { below, belowSlope, above, aboveSlope, f: 1 + below + above };
  };
  let found = at(d[j]!, gap / 2);
  const base = !last && found.f < 0 ? d[j + 1]! : d[j]!;
  let shift = base === d[j] ? gap / 2 : -gap / 2;
  let low = base === d[j] ? 0 : shift;
  let high = base === d[j] ? (last ? gap : shift) : 0;
  for (let turn = 0; turn < 120; turn++) {
    const { below, belowSlope, above, aboveSlope, f } = found;
    if (Math.abs(f) <= EPSILON * n * (1 - below + above)) break;
    if (f < 0) low = shift;
    else high = shift;
    if (high - low <= 2 * EPSILON * Math.max(Math.abs(low), Math.abs(high))) break;
    const to = d[j]! - base - shift;
    const next = last ? 0 : d[j + 1]! - base - shift;
    const p = belowSlope * to * to;
    const q = aboveSlope * next * next;
    const rest = 1 + below - belowSlope * to + above - aboveSlope * next;
    let step: number;
    if (last) step = rest > 0 ? to + p / rest : NaN;
    else {
      const a = rest * (to + next) + p + q;
      const b = to * next * f;
      const inner = Math.sqrt(Math.max(0, a * a - 4 * b * rest));
      step = a > 0 ? (2 * b) / (a + inner) : (a - inner) / (2 * rest);
    }
    const wanted = shift + step;
    shift = turn < 40 && wanted > low && wanted < high ? wanted : (low + high) / 2;
    found = at(base, shift);
  }
  return { base, shift };
}

/** Implicit QL with Wilkinson's shift. The rows are rotated along. */
function byRotations(d: Float64Array, offDiagonal: Float64Array): Solved {
  const n = d.length;
  const e = new Float64Array(n);
  const z = new Float64Array(n * n);
  e.set(offDiagonal.subarray(0, Math.max(0, n - 1)));
  for (let i = 0; i < n; i++) z[i * n + i] = 1;
  for (let l = 0; l < n; l++) {
    for (let turn = 0; turn < 60; turn++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
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
        const upper = i * n;
        const lower = upper + n;
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
  const order = Array.from(d.keys()).sort((i, j) => d[i]! - d[j]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(z.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => d[i]!), vectors };
}
