/**
 * Singular value decomposition of row blocks of a weight, and the weight after components are
 * removed. [methods.md §5]
 *
 * The smaller of W Wᵀ and WᵀW gives the values and the vectors of one side; only these are stored.
 * The other side, σᵢ vᵢ = Wᵀ uᵢ or σᵢ uᵢ = W vᵢ, is computed from the weight on demand. Values
 * below about 1e-8 of the largest are rounding errors.
 */
import { AtlasError } from '../../errors.ts';
import { gram, product, transposed } from './dense.ts';
import { symmetricEigen } from './eigen.ts';

/**
 * Rows of a weight that are decomposed together, W_b = Σ σᵢ uᵢ vᵢᵀ, largest σ first, m = min(rows,
 * in) components.
 */
export interface BlockSvd {
  /** Row numbers in the weight. */
  rows: Int32Array;
  sigma: Float64Array;
  /** Which vectors are stored: output vectors uᵢ if rows ≤ inputs, else input vectors vᵢ. */
  side: 'output' | 'input';
  /** [m, m] row-major: the vectors of that side as rows, orthonormal. */
  vectors: Float32Array;
}

/**
 * Decomposes rows `rows` of `w` [out, width]. `name` is the module named in the error. Throws
 * `singular`.
 */
export function blockSvd(w: Float32Array, width: number, rows: Int32Array, name: string): BlockSvd {
  const part = rowsOf(w, width, rows);
  const count = rows.length;
  const wide = count <= width;
  const m = Math.min(count, width);
  let largest = 0;
  for (const x of part) {
    if (!Number.isFinite(x))
      throw new AtlasError('singular', {
        module: name,
        why: 'has values that are not finite',
      });
    largest = Math.max(largest, Math.abs(x));
  }
  if (largest === 0) throw new AtlasError('singular', { module: name, why: 'is zero everywhere' });
  const { values, vectors } = symmetricEigen(
    gram(wide ? part : transposed(part, count, width), m),
    m,
  );
  return {
    rows,
    sigma: values.map((v) => Math.sqrt(Math.max(0, v))),
    side: wide ? 'output' : 'input',
    vectors: Float32Array.from(vectors),
  };
}

/**
 * The first `count` vectors of the other side times σᵢ, from the same weight `w`: [count, in] for
 * blocks that store output vectors, else [count, rows].
 */
export function otherSide(
  w: Float32Array,
  width: number,
  { rows, side, vectors, sigma: { length: m } }: BlockSvd,
  count: number,
): Float64Array {
  const part = rowsOf(w, width, rows);
  const own = Float64Array.from(vectors.subarray(0, count * m));
  return side === 'output'
    ? product(own, part, m)
    : product(own, transposed(part, rows.length, width), m);
}

/**
 * A block's first `retained` components as a product of two factors: `up` [rows, retained], which
 * contains σᵢ, and `down` [retained, width]. The rows of `down` are orthonormal to about
 * 2⁻²⁴ σ₁ / σᵢ.
 */
export function factorsOf(
  w: Float32Array,
  width: number,
  block: BlockSvd,
  retained: number,
): { up: Float32Array; down: Float32Array } {
  const {
    side,
    sigma,
    vectors,
    rows: { length: count },
  } = block;
  const m = sigma.length;
  const other = otherSide(w, width, block, retained);
  const up = new Float32Array(count * retained);
  for (let r = 0; r < count; r++)
    for (let i = 0; i < retained; i++)
      up[r * retained + i] =
        side === 'output' ? sigma[i]! * vectors[i * m + r]! : other[i * count + r]!;
  return {
    up,
    down:
      side === 'output'
        ? Float32Array.from(other, (x, i) =>
            sigma[Math.floor(i / width)]! > 0 ? x / sigma[Math.floor(i / width)]! : 0,
          )
        : vectors.slice(0, retained * width),
  };
}

/** Components [from, to) of a block, Σ σᵢ uᵢ vᵢᵀ: [rows, width]. */
export function components({
  w,
  width,
  block,
  from,
  to,
}: {
  w: Float32Array;
  width: number;
  block: BlockSvd;
  from: number;
  to: number;
}): Float64Array {
  const part = rowsOf(w, width, block.rows);
  const m = block.sigma.length;
  const count = to - from;
  if (count <= 0) return new Float64Array(part.length);
  const own = Float64Array.from(block.vectors.subarray(from * m, to * m));
  const back = transposed(own, count, m);
  // Project onto the vectors: U Uᵀ W or W V Vᵀ.
  return block.side === 'output'
    ? product(back, product(own, part, m), count)
    : product(product(part, back, m), own, count);
}

/** Removes components [from, to) of a block from `w` [out, width], in place. */
export function take({
  w,
  width,
  block,
  from,
  to,
}: {
  w: Float32Array;
  width: number;
  block: BlockSvd;
  from: number;
  to: number;
}): void {
  const lost = components({ w, width, block, from, to });
  block.rows.forEach((row, r) => {
    for (let k = 0; k < width; k++) w[row * width + k]! -= lost[r * width + k]!;
  });
}

/** Reduces a block of `w` [out, width] to its first `retained` components, in place. */
export function truncate(w: Float32Array, width: number, block: BlockSvd, retained: number): void {
  const m = block.sigma.length;
  if (m - retained <= retained) return take({ w, width, block, from: retained, to: m });
  const left = components({ w, width, block, from: 0, to: retained });
  block.rows.forEach((row, r) => w.set(left.subarray(r * width, (r + 1) * width), row * width));
}

/** Some rows of `w` [out, width], in double precision. */
function rowsOf(w: Float32Array, width: number, rows: Int32Array): Float64Array {
  const part = new Float64Array(rows.length * width);
  rows.forEach((row, i) => part.set(w.subarray(row * width, (row + 1) * width), i * width));
  return part;
}
