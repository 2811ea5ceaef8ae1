/**
 * Singular value decomposition of a weight, of row blocks of it, and what is left of it when
 * components go. [methods.md §5]
 *
 * W Wᵀ or WᵀW, whichever is smaller, gives the values and the vectors of one side, and these are
 * all that is kept: the other side is σᵢ vᵢ = Wᵀ uᵢ or σᵢ uᵢ = W vᵢ, made of the weight when it is
 * asked for. Values below about 1e-8 of the largest are rounding.
 */
import { AtlasError } from '../../errors.ts';
import { gram, product, transposed } from './dense.ts';
import { symmetricEigen } from './eigen.ts';

/**
 * Rows of a weight that are decomposed together, W_b = Σ σᵢ uᵢ vᵢᵀ, largest σ first, m = min(rows,
 * in) components.
 */
export interface BlockSvd {
  /** Which rows of the weight. */
  rows: Int32Array;
  sigma: Float64Array;
  /**
   * Whose vectors are kept: of the output uᵢ (as many rows as inputs, or fewer), of the input vᵢ
   * (more).
   */
  side: 'output' | 'input';
  /** [m, m] row-major: the vectors of that side as rows, orthonormal. */
  vectors: Float32Array;
}

/**
 * Of rows `rows` of `w` [out, width]. `name` is the module's, for the sentence. Throws `singular`.
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
        why: 'has values that are no finite numbers',
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
 * The first `count` vectors of the other side times σᵢ, of the weight `w` that was decomposed:
 * [count, in] of blocks that keep the output's, else [count, rows].
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
 * A block's first `keep` components as a product of two: `up` [rows, keep] with σᵢ in it, times
 * `down` [keep, width], whose rows are orthonormal, to about 2⁻²⁴ σ₁ / σᵢ.
 */
export function factorsOf(
  w: Float32Array,
  width: number,
  block: BlockSvd,
  keep: number,
): { up: Float32Array; down: Float32Array } {
  const {
    side,
    sigma,
    vectors,
    rows: { length: count },
  } = block;
  const m = sigma.length;
  const other = otherSide(w, width, block, keep);
  const up = new Float32Array(count * keep);
  for (let r = 0; r < count; r++)
    for (let i = 0; i < keep; i++)
      up[r * keep + i] =
        side === 'output' ? sigma[i]! * vectors[i * m + r]! : other[i * count + r]!;
  return {
    up,
    down:
      side === 'output'
        ? Float32Array.from(other, (x, i) =>
            sigma[Math.floor(i / width)]! > 0 ? x / sigma[Math.floor(i / width)]! : 0,
          )
        : vectors.slice(0, keep * width),
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
  // What lies along the vectors, and only that: U Uᵀ W or W V Vᵀ.
  return block.side === 'output'
    ? product(back, product(own, part, m), count)
    : product(product(part, back, m), own, count);
}

/** Changes `w` [out, width] in place: the block loses components [from, to). */
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

/** Changes `w` [out, width] in place: the block keeps its first `keep` components. */
export function truncate(w: Float32Array, width: number, block: BlockSvd, keep: number): void {
  const m = block.sigma.length;
  if (m - keep <= keep) return take({ w, width, block, from: keep, to: m });
  const left = components({ w, width, block, from: 0, to: keep });
  block.rows.forEach((row, r) => w.set(left.subarray(r * width, (r + 1) * width), row * width));
}

/** Some rows of `w` [out, width], in double. */
function rowsOf(w: Float32Array, width: number, rows: Int32Array): Float64Array {
  const part = new Float64Array(rows.length * width);
  rows.forEach((row, i) => part.set(w.subarray(row * width, (row + 1) * width), i * width));
  return part;
}
