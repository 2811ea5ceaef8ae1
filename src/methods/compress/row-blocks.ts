/** Splits the rows of a weight into blocks that are decomposed separately. [methods.md §5] */
import type { ModuleInfo } from '../../compiler/modules.ts';
import { uniform } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';
import { AtlasError } from '../../errors.ts';

/**
 * `contiguous`: equal contiguous ranges of rows (the paper's). `kmeans`: clusters of similar rows.
 */
export type Split = 'contiguous' | 'kmeans';

export interface Splitting {
  blocks: number;
  split: Split;
  /** Seed of k-means. */
  seed: number;
}

const ROUNDS = 12;

/**
 * Row numbers of each block of a weight `w` [out, in]. Throws `row-blocks` if there are more blocks
 * than rows, or if contiguous blocks do not divide the rows.
 */
export function rowBlocks(
  { path, outFeatures: rows }: Pick<ModuleInfo, 'path' | 'outFeatures'>,
  w: Float32Array,
  { blocks, split, seed }: Splitting,
): Int32Array[] {
  if (blocks > rows || (split === 'contiguous' && rows % blocks !== 0))
    throw new AtlasError('row-blocks', { blocks, rows, module: path });
  if (split === 'kmeans' && blocks > 1) return clusters(w, rows, blocks, seed);
  const size = rows / blocks;
  return Array.from({ length: blocks }, (_, b) =>
    Int32Array.from({ length: size }, (_, i) => b * size + i),
  );
}

/**
 * Lloyd's k-means from k-means++ centres, seeded. An empty cluster takes the row farthest from its
 * centre, so there are always `k` clusters.
 */
function clusters(w: Float32Array, rows: number, k: number, seed: number): Int32Array[] {
  const width = w.length / rows;
  const keys = keysOf(seed, 'centres', k);
  const centres = new Float64Array(k * width);
  const nearest = new Float64Array(rows).fill(Infinity);
  const owner = new Int32Array(rows);
  const distance = (row: number, centre: number) => {
    let sum = 0;
    for (let i = 0; i < width; i++)
      sum += (w[row * width + i]! - centres[centre * width + i]!) ** 2;
    return sum;
  };
  for (let c = 0; c < k; c++) {
    const total = c === 0 ? 0 : nearest.reduce((a, b) => a + b, 0);
    let left = uniform(keys, c) * total;
    let at = c === 0 ? Math.floor(uniform(keys, 0) * rows) : 0;
    if (c > 0) while (at < rows - 1 && (left -= nearest[at]!) > 0) at++;
    centres.set(w.subarray(at * width, (at + 1) * width), c * width);
    for (let r = 0; r < rows; r++) nearest[r] = Math.min(nearest[r]!, distance(r, c));
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (let r = 0; r < rows; r++) {
      nearest[r] = Infinity;
      for (let c = 0; c < k; c++) {
        const d = distance(r, c);
        if (d < nearest[r]!) [nearest[r], owner[r]] = [d, c];
      }
    }
    for (let c = 0; c < k; c++) {
      if (owner.includes(c)) continue;
      const far = nearest.indexOf(Math.max(...nearest));
      owner[far] = c;
      nearest[far] = -1;
    }
    centres.fill(0);
    const sizes = new Float64Array(k);
    owner.forEach((c, r) => {
      sizes[c]!++;
      for (let i = 0; i < width; i++) centres[c * width + i]! += w[r * width + i]!;
    });
    for (let i = 0; i < centres.length; i++) centres[i]! /= sizes[Math.floor(i / width)]!;
  }
  return Array.from({ length: k }, (_, c) =>
    Int32Array.from(owner.keys()).filter((r) => owner[r] === c),
  );
}
