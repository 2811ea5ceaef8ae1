/**
 * Singular value decomposition of a weight, of row blocks of it, and what is left of it when components go. [methods.md §5]
 *
 * W Wᵀ or WᵀW, whichever is smaller, gives the vectors of one side; the other side is their product with W, so that
 * σᵢ uᵢ vᵢᵀ summed over all i is W to rounding even where σᵢ is tiny. Values below about 1e-8 of the largest are rounding.
 */
import { AtlasError } from '../../errors.ts';
import { symmetricEigen } from './eigen.ts';

/** Rows of a weight that are decomposed together, W_b = Σ σᵢ uᵢ vᵢᵀ, largest σ first, m = min(rows, in) components. */
export interface BlockSvd {
  /** Which rows of the weight. */
  rows: Int32Array;
  sigma: Float64Array;
  /** [m, rows] row-major: uᵢ as rows. */
  u: Float32Array;
  /** [m, in] row-major: vᵢ as rows. */
  v: Float32Array;
}

/** Of rows `rows` of `w` [out, width]. `name` is the module's, for the sentence. Throws `singular`. */
export function blockSvd(w: Float32Array, width: number, rows: Int32Array, name: string): BlockSvd {
  const count = rows.length, part = new Float64Array(count * width);
  rows.forEach((row, i) => part.set(w.subarray(row * width, (row + 1) * width), i * width));
  if (!part.every(Number.isFinite)) throw new AtlasError('singular', { module: name, why: 'has values that are no finite numbers' });
  if (part.every((x) => x === 0)) throw new AtlasError('singular', { module: name, why: 'is zero everywhere' });
  const wide = count <= width, m = Math.min(count, width);
  const across = wide ? part : transposed(part, count, width), length = wide ? width : count;
  // Near side: eigenvectors; far side: their product with the matrix, whose lengths are the singular values.
  const near = symmetricEigen(gram(across, m, length), m).vectors, far = product(near, across, m, length), sigma = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    const row = far.subarray(i * length, (i + 1) * length);
    sigma[i] = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
  }
  // The lengths follow the eigenvalues to rounding, so the order can only differ among the tiniest.
  const order = Array.from(sigma, (_, i) => i).sort((i, j) => sigma[j]! - sigma[i]!), floor = 1e-12 * sigma[order[0]!]!;
  const nearRows = new Float32Array(m * m), farRows = new Float32Array(m * length);
  order.forEach((from, to) => {
    nearRows.set(near.subarray(from * m, (from + 1) * m), to * m);
    const size = sigma[from]!;
    // A component of nothing has no far side.
    if (size > floor) for (let k = 0; k < length; k++) farRows[to * length + k] = far[from * length + k]! / size;
  });
  return { rows, sigma: Float64Array.from(order, (i) => sigma[i]!), u: wide ? nearRows : farRows, v: wide ? farRows : nearRows };
}

/** Changes `w` [out, width] in place: the block keeps its first `keep` components. */
export function truncate(w: Float32Array, width: number, { rows, sigma, u, v }: BlockSvd, keep: number): void {
  const count = rows.length, m = sigma.length, less = m - keep <= keep, from = less ? keep : 0, to = less ? m : keep;
  const sums = new Float64Array(count * width);
  for (let i = from; i < to; i++) {
    for (let r = 0; r < count; r++) {
      const factor = sigma[i]! * u[i * count + r]!, at = r * width, of = i * width;
      for (let k = 0; k < width; k++) sums[at + k]! += factor * v[of + k]!;
    }
  }
  rows.forEach((row, r) => {
    for (let k = 0; k < width; k++) {
      const at = row * width + k, sum = sums[r * width + k]!;
      w[at] = less ? w[at]! - sum : sum;
    }
  });
}

/** a aᵀ [rows, rows]. */
function gram(a: Float64Array, rows: number, length: number): Float64Array {
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0, x = i * length, y = j * length; k < length; k++) sum += a[x + k]! * a[y + k]!;
      out[i * rows + j] = out[j * rows + i] = sum;
    }
  }
  return out;
}

/** q a, q [m, m], a [m, length]. */
function product(q: Float64Array, a: Float64Array, m: number, length: number): Float64Array {
  const out = new Float64Array(m * length);
  for (let i = 0; i < m; i++) {
    const row = out.subarray(i * length, (i + 1) * length);
    for (let j = 0; j < m; j++) {
      const factor = q[i * m + j]!, at = j * length;
      for (let k = 0; k < length; k++) row[k]! += factor * a[at + k]!;
    }
  }
  return out;
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let r = 0; r < rows; r++) for (let k = 0; k < columns; k++) out[k * rows + r] = a[r * columns + k]!;
  return out;
}
