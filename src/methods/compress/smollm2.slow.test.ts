/**
 * Compress to Impress on SmolLM2-135M against PyTorch: singular values, their gradients through the
 * whole model, scores, and the measured effect of removals.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { openSmolLm2, type OpenedSmolLm2 } from '../../../test/smollm2.ts';
import { readSafetensors, toFloat32 } from '../../model/safetensors.ts';
import { directionsOf, RHO_GRID, SigmaGradients, decompositionOf } from './candidates.ts';
import { rowBlocks } from './row-blocks.ts';
import { blockSvd } from './svd.ts';

interface Case {
  row_blocks: number;
  components_per_block: number;
  scores: { rho: number; k: number; score: number }[];
}

describe.skipIf(!hasShared)('SmolLM2-135M', { timeout: 600_000 }, () => {
  let open: OpenedSmolLm2;
  beforeAll(async () => {
    open = await openSmolLm2();
  }, 600_000);
  afterAll(() => open.close());

  it('has PyTorch’s singular values, gradients and scores', async () => {
    const { tensors } = readSafetensors(
      readFileSync(sharedPath('reference/smollm2/c2i.safetensors')),
      'c2i',
    );
    const { cases } = JSON.parse(
      readFileSync(sharedPath('reference/smollm2/c2i.json'), 'utf8'),
    ) as { cases: Record<string, Case> };
    const ids = defined(tensors.get('input_ids'));
    const [sequences, length] = ids.shape as [number, number];
    const { engine } = open;
    const batch = { ids: new Int32Array(new Uint8Array(ids.bytes).buffer), sequences, length };
    const numbers = (name: string) => toFloat32(defined(tensors.get(name)));
    const decomposed = Object.keys(cases).map((key) => {
      const path = key.replace(/\.K\d+$/, '');
      const info = defined(engine.modules.find((m) => m.path === path));
      const w = engine.materialiseWeight(info.index);
      const of = decompositionOf(
        info,
        rowBlocks(info, w, {
          blocks: defined(cases[key]).row_blocks,
          split: 'contiguous',
          seed: 1,
        }).map((rows) => blockSvd(w, info.inFeatures, rows, path)),
      );
      return { key, of, sums: new SigmaGradients(of), directions: directionsOf(of, () => w) };
    });
    const { gradients } = await engine.singularGradients(
      batch,
      decomposed.flatMap((d) => d.directions),
    );
    let at = 0;
    for (const { key, of, sums, directions } of decomposed) {
      sums.add(gradients.slice(at, (at += directions.length)), sequences, sequences * (length - 1));
      const m = defined(cases[key]).components_per_block;
      const sigma = numbers(`${key}.sigma`);
      const g = numbers(`${key}.g`);
      const largest = Array.from(g).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const got = sums.gradients();
      let apart = 0;
      of.blocks.forEach((block, b) => {
        for (let i = 0; i < m; i++)
          expect(Math.abs(block.sigma[i]! / sigma[b * m + i]! - 1)).toBeLessThan(1e-5);
        // u and v are defined up to a common sign, which cancels. Vectors of nearly equal values
        // may rotate into one another.
        for (let i = 0; i < m; i++)
          apart = Math.max(apart, Math.abs(elementAt(got, b)[i]! - g[b * m + i]!));
      });
      expect(apart).toBeLessThan(2e-3 * largest);
      const max = Math.max(...defined(cases[key]).scores.map((s) => Math.abs(s.score)));
      for (const { rho, k, score } of defined(cases[key]).scores) {
        expect(RHO_GRID).toContain(rho);
        const mine = sums.candidates().find((c) => c.keep[0] === k);
        if (mine) expect(Math.abs(mine.score - score)).toBeLessThan(1e-3 * max);
      }
    }
  });
});
