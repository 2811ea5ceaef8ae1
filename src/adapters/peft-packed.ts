/**
 * Converts adapters between packed and separate projections. Phi-3 packs q, k and v in one weight,
 * and gate and up in another. An export may split them, or pack what the checkpoint has separate.
 * The update s·B·A of every row is preserved.
 */

/**
 * The adapter of one module: `a` [rank, columns], `b` [rows, rank], row-major. It adds `scale`·b·a
 * to W.
 */
export interface Factors {
  rank: number;
  rows: number;
  columns: number;
  a: Float32Array;
  b: Float32Array;
  scale: number;
}

/**
 * The rows of the packed weight are those of its parts, in this order. Packings that interleave
 * heads are not supported.
 */
const packings = [
  {
    whole: 'self_attn.qkv_proj',
    parts: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  },
  { whole: 'mlp.gate_up_proj', parts: ['mlp.gate_proj', 'mlp.up_proj'] },
] as const;

const stemOf = (path: string, name: string): string | null =>
  path === name || path.endsWith(`.${name}`) ? path.slice(0, path.length - name.length) : null;

/** Paths of the parts of a packed module, or null if the module is not packed. */
export function partsOf(path: string): string[] | null {
  for (const { whole, parts } of packings) {
    const stem = stemOf(path, whole);
    if (stem !== null) return parts.map((part) => stem + part);
  }
  return null;
}

/** Path of the packed module that would contain this one, or null. */
export function wholeOf(path: string): string | null {
  for (const { whole, parts } of packings) {
    for (const part of parts) {
      const stem = stemOf(path, part);
      if (stem !== null) return stem + whole;
    }
  }
  return null;
}

/**
 * Splits the adapter of a packed module into one per part, with `widths` rows each. A is shared and
 * B is sliced; both alias the input. Returns null if the widths do not sum to its rows.
 */
export function split(
  { rank, rows, columns, a, b, scale }: Factors,
  widths: readonly number[],
): Factors[] | null {
  if (widths.reduce((sum, w) => sum + w, 0) !== rows) return null;
  let from = 0;
  return widths.map((width) => {
    const part = b.subarray(from * rank, (from + width) * rank);
    from += width;
    return { rank, rows: width, columns, a, b: part, scale };
  });
}

/**
 * Joins adapters of the parts into one adapter of the packed module with `rows` rows. Its rank is
 * the sum of their ranks. Rows of a part without an adapter are zero. Returns null if the shapes do
 * not fit.
 */
export function joined(parts: readonly (Factors | null)[], rows: number): Factors | null {
  const widths = widthsOf(parts, rows);
  const some = parts.find((p) => p !== null);
  if (
    !widths ||
    !some ||
    parts.some((p, i) => p && (p.rows !== widths[i] || p.columns !== some.columns))
  )
    return null;
  const scale = parts.reduce(
    (max, p) => (p && Math.abs(p.scale) > Math.abs(max) ? p.scale : max),
    0,
  );
  const offsets = widths.map((_, i) => widths.slice(0, i).reduce((sum, w) => sum + w, 0));
  // Interleave the ranks of the parts by relative position. Truncation to a share of the ranks, as
  // in QDyLoRA, then retains that share of every part.
  const ranks = parts
    .flatMap((part, i) =>
      part ? Array.from({ length: part.rank }, (_, r) => ({ part, offset: offsets[i]!, r })) : [],
    )
    .sort((x, y) => (x.r + 1) / x.part.rank - (y.r + 1) / y.part.rank);
  const { columns } = some;
  const rank = ranks.length;
  const a = new Float32Array(rank * columns);
  const b = new Float32Array(rows * rank);
  ranks.forEach(({ part, offset, r }, to) => {
    a.set(part.a.subarray(r * columns, (r + 1) * columns), to * columns);
    const factor = scale === 0 ? 1 : part.scale / scale;
    for (let row = 0; row < part.rows; row++)
      b[(offset + row) * rank + to] = factor * part.b[row * part.rank + r]!;
  });
  return { rank, rows, columns, a, b, scale };
}

/** Rows of each part. Gate and up have equal size, as do k and v; q is a multiple of k. */
function widthsOf(parts: readonly (Factors | null)[], rows: number): number[] | null {
  if (parts.length === 2) return rows % 2 === 0 ? [rows / 2, rows / 2] : null;
  const [q, k, v] = parts;
  const narrow = k?.rows ?? v?.rows ?? (rows - (q?.rows ?? 0)) / 2;
  const wide = rows - 2 * narrow;
  return Number.isInteger(narrow) && narrow > 0 && wide > 0 && wide % narrow === 0
    ? [wide, narrow, narrow]
    : null;
}
