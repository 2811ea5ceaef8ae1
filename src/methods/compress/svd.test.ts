import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defined } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { outputDirections } from '../../device/training-twins.ts';
import { readSafetensors, toFloat32 } from '../../model/safetensors.ts';
import { blockSvd, factorsOf, take, truncate, type BlockSvd } from './svd.ts';
import { symmetricEigen } from './eigen.ts';

const normal = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
const rowsTo = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);
const row = (x: Float32Array, width: number, i: number) => x.subarray(i * width, (i + 1) * width);

function expectSvd(w: Float32Array, width: number, block: BlockSvd): void {
  const { rows, sigma } = block;
  const count = rows.length;
  const m = sigma.length;
  const { up, down: v } = factorsOf(w, width, block, m);
  const u = Float32Array.from(
    { length: m * count },
    (_, at) => up[(at % count) * m + Math.floor(at / count)]! / sigma[Math.floor(at / count)]!,
  );
  expect(m).toBe(Math.min(count, width));
  for (let i = 1; i < m; i++) expect(sigma[i]!).toBeLessThanOrEqual(sigma[i - 1]!);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      // A component with σ ≈ 0 may have no vector on the other side, and nearly equal components
      // may mix in float32.
      if (sigma[i]! < 1e-6 * sigma[0]!) continue;
      // One side is stored in float32. The other is the weight times it, over σᵢ, so its rounding
      // error grows by σ₁ / σᵢ.
      const rounding = Math.max(5e-6, 4 * 2 ** -24 * (sigma[0]! / sigma[i]!));
      expect(Math.abs(dot(row(u, count, i), row(u, count, j)) - Number(i === j))).toBeLessThan(
        rounding,
      );
      expect(Math.abs(dot(row(v, width, i), row(v, width, j)) - Number(i === j))).toBeLessThan(
        rounding,
      );
    }
  }
  rows.forEach((from, r) => {
    for (let k = 0; k < width; k++)
      expect(
        sigma.reduce((sum, _, i) => sum + up[r * m + i]! * v[i * width + k]!, 0) -
          w[from * width + k]!,
      ).toBeCloseTo(0, 5);
  });
}

describe('the singular value decomposition', () => {
  it.each([
    [1, 1],
    [1, 5],
    [5, 1],
    [7, 7],
    [12, 5],
    [5, 12],
    [40, 33],
  ])('of %i x %i reproduces the matrix', (rows, width) => {
    const w = normal(rows * width, 3);
    expectSvd(w, width, blockSvd(w, width, rowsTo(rows), 'w'));
  });

  it('of any small matrix reproduces it, also of low rank and with equal values', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.infiniteStream(fc.integer({ min: -2, max: 2 })),
        (rows, width, values) => {
          const w = Float32Array.from(
            { length: rows * width },
            () => values.next().value as number,
          );
          fc.pre(w.some((x) => x !== 0));
          const svd = blockSvd(w, width, rowsTo(rows), 'w');
          expectSvd(w, width, svd);
          expect(dot(svd.sigma, svd.sigma)).toBeCloseTo(dot(w, w), 6);
        },
      ),
    );
  });

  it('accepts any selection of rows', () => {
    const w = normal(9 * 6, 4);
    expectSvd(w, 6, blockSvd(w, 6, Int32Array.of(7, 1, 4), 'w'));
  });

  it('finds the known eigenvalues of the second difference', () => {
    const n = 30;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 2;
      if (i > 0) a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
    }
    symmetricEigen(a, n).values.forEach((value, i) =>
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((n - i) * Math.PI) / (n + 1)), 12),
    );
  });

  it('refuses zeros and values that are not finite', () => {
    expect(() => blockSvd(new Float32Array(6), 3, rowsTo(2), 'layer')).toThrow(
      expect.objectContaining({ code: 'singular' }),
    );
    expect(() => blockSvd(Float32Array.of(1, NaN), 1, rowsTo(2), 'layer')).toThrow(
      /layer has values that are not finite/,
    );
  });

  it.each([0, 1, 3, 4, 5])(
    'truncation to %i of 5 leaves the best matrix of that rank',
    (retained) => {
      const w = normal(8 * 5, 5);
      const svd = blockSvd(w, 5, rowsTo(8), 'w');
      const out = w.slice();
      truncate(out, 5, svd, retained);
      // Eckart–Young: the removed part has the norm of the dropped values, and the rest has rank
      // `retained`.
      expect(out.reduce((sum, x, i) => sum + (x - w[i]!) ** 2, 0)).toBeCloseTo(
        svd.sigma.slice(retained).reduce((sum, s) => sum + s * s, 0),
        4,
      );
      const apart = w.slice();
      take({ w: apart, width: 5, block: svd, from: 0, to: retained });
      apart.forEach((x, i) => expect(x + out[i]!).toBeCloseTo(w[i]!, 5));
      if (retained > 0)
        expect(blockSvd(out, 5, rowsTo(8), 'w').sigma.filter((s) => s > 1e-5)).toHaveLength(
          retained,
        );
      else expect(out.every((x) => Math.abs(x) < 1e-6)).toBe(true);
    },
  );
});

describe.skipIf(!hasShared)('on SmolLM2', () => {
  it('the gradients of the singular values of layers.29.self_attn.k_proj match PyTorch', () => {
    const { tensors } = readSafetensors(
      readFileSync(sharedPath('reference/smollm2/c2i.safetensors')),
      'c2i',
    );
    const at = (name: string) =>
      toFloat32(defined(tensors.get(`model.layers.29.self_attn.k_proj.K1.${name}`)));
    const x = at('x');
    const dy = at('dy');
    const uColumns = at('U');
    const v = at('Vh');
    const want = at('g');
    const out = 192;
    const width = 576;
    const tokens = x.length / width;
    const u = Float32Array.from(
      { length: uColumns.length },
      (_, i) => uColumns[(i % out) * out + Math.floor(i / out)]!,
    );
    // y = W x of W = Σ σᵢ uᵢ vᵢᵀ.
    const sigma = at('sigma');
    const y = new Float32Array(tokens * out);
    for (let t = 0; t < tokens; t++)
      for (let i = 0; i < out; i++) {
        const along = sigma[i]! * dot(row(v, width, i), row(x, width, t));
        for (let o = 0; o < out; o++) y[t * out + o]! += along * u[i * out + o]!;
      }
    const got = outputDirections({
      dy,
      y,
      place: { tokens, inFeatures: width, outFeatures: out, column: 0, stride: out },
      u,
      sequences: 1,
    });
    const largest = Math.max(...want.map(Math.abs));
    got.forEach((g, i) => expect(Math.abs(g / sigma[i]! - want[i]!)).toBeLessThan(1e-3 * largest));
  });
});
