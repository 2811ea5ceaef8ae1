import { describe, expect, it } from 'vitest';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { inputDirections, outputDirections } from '../../device/training-twins.ts';
import {
  cut,
  decompositionOf,
  directionsOf,
  ordered,
  RHO_GRID,
  SigmaGradients,
  type Candidate,
  type Decomposition,
} from './candidates.ts';
import { rowBlocks } from './row-blocks.ts';
import { blockSvd } from './svd.ts';

const normal = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
const out = 12;
const width = 7;
const tokens = 6;
const w = normal(out * width, 1);
const x = normal(tokens * width, 2);
const dy = normal(tokens * out, 3);
const y = Float32Array.from({ length: tokens * out }, (_, i) =>
  x
    .subarray(Math.floor(i / out) * width, (Math.floor(i / out) + 1) * width)
    .reduce((sum, v, k) => sum + v * w[(i % out) * width + k]!, 0),
);
const decomposed = (blocks: number, split: 'contiguous' | 'kmeans'): Decomposition =>
  decompositionOf(
    { index: 0, outFeatures: out, inFeatures: width },
    rowBlocks({ path: 'w', outFeatures: out }, w, { blocks, split, seed: 1 }).map((rows) =>
      blockSvd(w, width, rows, 'w'),
    ),
  );

describe.each([
  [1, 'contiguous'],
  [2, 'contiguous'],
  [4, 'contiguous'],
  [3, 'kmeans'],
] as const)('with %i blocks, %s,', (blocks, split) => {
  const of = decomposed(blocks, split);
  const sums = new SigmaGradients(of);
  // Two batches of different size: three sequences of 2 tokens, the last in its own batch.
  for (const [first, count] of [
    [0, 2],
    [2, 1],
  ] as const) {
    const part = (v: Float32Array, n: number) => v.slice(first * 2 * n, (first + count) * 2 * n);
    const place = { tokens: 2 * count, inFeatures: width, column: 0, stride: out };
    sums.add(
      directionsOf(of, () => w).map(
        ({ first: column, rows, blocks: blockCount = 1, side, vectors }) => {
          const at = { ...place, column, outFeatures: blockCount * rows };
          const owed =
            side === 'output'
              ? outputDirections({
                  dy: part(dy, out),
                  y: part(y, out),
                  place: at,
                  u: vectors,
                  sequences: count,
                  blocks: blockCount,
                })
              : inputDirections({
                  x: part(x, width),
                  dy: part(dy, out),
                  w,
                  place: at,
                  v: vectors,
                  sequences: count,
                  blocks: blockCount,
                });
          return Float32Array.from(owed, (g) => g / (2 * count));
        },
      ),
      count,
      2 * count,
    );
    expect(directionsOf(of, () => w)).toHaveLength(split === 'contiguous' ? 1 : blocks);
  }
  /** dL/dW of the mean loss over tokens from `from` to `to`. */
  const gradient = (from: number, to: number) => {
    const g = new Float64Array(out * width);
    for (let t = from; t < to; t++)
      for (let o = 0; o < out; o++)
        for (let k = 0; k < width; k++)
          g[o * width + k]! += (dy[t * out + o]! * x[t * width + k]!) / tokens;
    return g;
  };

  it('scores are the first-order change of the loss, curvatures half its empirical Fisher', () => {
    for (const { keep, score, curvature, rho, dropped } of sums.candidates()) {
      const change = cut(w, of, keep).map((v, i) => v - w[i]!);
      const along = (g: Float64Array) => g.reduce((sum, v, i) => sum + v * change[i]!, 0);
      expect(score).toBeCloseTo(-along(gradient(0, tokens)), 4);
      expect(curvature).toBeCloseTo(
        [0, 2, 4].reduce((sum, t) => sum + (along(gradient(t, t + 2)) * tokens) ** 2, 0) /
          (2 * tokens),
        4,
      );
      expect(keep).toEqual(of.blocks.map((b) => Math.floor(rho * Math.min(b.rows.length, width))));
      expect(dropped).toBe(of.blocks.reduce((sum, b, i) => sum + b.sigma.length - keep[i]!, 0));
    }
    expect(new Set(sums.candidates().map((c) => c.dropped)).size).toBe(sums.candidates().length);
  });
});

describe('row blocks', () => {
  it('are contiguous ranges of equal size, or clusters that contain every row once', () => {
    expect(
      rowBlocks({ path: 'w', outFeatures: 12 }, w, { blocks: 3, split: 'contiguous', seed: 1 }).map(
        (r) => [...r],
      ),
    ).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
    const clusters = rowBlocks({ path: 'w', outFeatures: 12 }, w, {
      blocks: 5,
      split: 'kmeans',
      seed: 1,
    });
    expect(clusters.every((c) => c.length > 0)).toBe(true);
    expect(clusters.flatMap((c) => [...c]).sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
    expect(
      rowBlocks({ path: 'w', outFeatures: 12 }, w, { blocks: 5, split: 'kmeans', seed: 1 }),
    ).toEqual(clusters);
  });

  it('from k-means contain rows of like direction, also if rows are equal', () => {
    const two = Float32Array.from(
      { length: 16 },
      (_, i) => (Math.floor(i / 2) % 3 === 0 ? 10 : -10) + (i % 2) / 10,
    );
    expect(
      rowBlocks({ path: 'w', outFeatures: 8 }, two, { blocks: 2, split: 'kmeans', seed: 1 })
        .map((r) => [...r].join())
        .sort(),
    ).toEqual(['0,3,6', '1,2,4,5,7']);
    expect(
      rowBlocks({ path: 'w', outFeatures: 8 }, new Float32Array(16).fill(1), {
        blocks: 4,
        split: 'kmeans',
        seed: 1,
      }).every((c) => c.length > 0),
    ).toBe(true);
  });

  it('are refused if they do not divide the rows', () => {
    expect(() =>
      rowBlocks({ path: 'layer 3', outFeatures: 12 }, w, {
        blocks: 8,
        split: 'contiguous',
        seed: 1,
      }),
    ).toThrow(
      '8 row blocks do not divide the 12 rows of layer 3. Choose a number that divides the rows, or k-means.',
    );
    expect(() =>
      rowBlocks({ path: 'w', outFeatures: 12 }, w, { blocks: 16, split: 'kmeans', seed: 1 }),
    ).toThrow(expect.objectContaining({ code: 'row-blocks' }));
  });
});

describe('the order of trial', () => {
  const candidate = (
    module: number,
    score: number,
    curvature: number,
    keep: number[],
  ): Candidate => ({
    module,
    blocks: keep.length,
    rho: RHO_GRID[0],
    keep,
    dropped: 1,
    score,
    curvature,
  });

  it('starts with the best of every module, by the ranking; an emptied module occurs once', () => {
    const all = [
      candidate(0, 5, 9, [0]),
      candidate(0, 5, 9, [0, 0]),
      candidate(0, 4, 0, [1]),
      candidate(1, 3, 1, [1]),
      candidate(1, 1, 0, [2]),
    ];
    expect(ordered(all, 'first-order').map((c) => c.score)).toEqual([5, 3, 4, 1]);
    expect(ordered(all, 'curvature').map((c) => c.score)).toEqual([4, 3, 1, 5]);
  });
});
