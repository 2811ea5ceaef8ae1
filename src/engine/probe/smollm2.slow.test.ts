/**
 * SmolLM2-135M on WASM against PyTorch: forward passes (reference group a) and AdaRank draws with
 * the reference's own noise (group d), for a few layers at different depths. RANK_ATLAS_FULL=1
 * tests all 210 modules × 8 draws.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { readSafetensors, toFloat32 } from '../../model/safetensors.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import type { CutEngine } from '../cut-engine.ts';
import type { TokenBatch } from '../engine.ts';
import { openSmolLm2, type OpenedSmolLm2 } from '../../../test/smollm2.ts';
import { largest } from '../tokens.ts';

const full = process.env.RANK_ATLAS_FULL === '1';
const reference = (name: string) => sharedPath('reference', 'smollm2', name);
const json = (name: string) => JSON.parse(readFileSync(reference(name), 'utf8'));

describe.skipIf(!hasShared)('SmolLM2-135M on WASM', { timeout: 7_200_000 }, () => {
  let opened: OpenedSmolLm2;
  let engine: CutEngine;

  beforeAll(async () => {
    opened = await openSmolLm2();
    engine = opened.engine;
  }, 120_000);
  afterAll(() => opened.close());

  it('has the logits and losses of PyTorch for the four texts', async () => {
    const { tensors } = readSafetensors(readFileSync(reference('forward.safetensors')), 'forward');
    for (const [text, { mean_nll }] of Object.entries(
      json('forward.json').texts as Record<string, { mean_nll: number }>,
    )) {
      const stored = (name: string) => defined(tensors.get(`${text}.${name}`));
      const bytes = Uint8Array.from(stored('input_ids').bytes);
      const ids = new Int32Array(bytes.buffer);
      const length = ids.length;
      const batch: TokenBatch = { ids, sequences: 1, length };
      const logits = await engine.logits(batch);
      const last = logits.subarray((length - 1) * engine.vocab);
      toFloat32(stored('last_logits')).forEach((want, i) => {
        if (!(Math.abs(last[i]! - want) < 2e-3))
          throw new Error(`${text}: logit ${i} is ${last[i]}, not ${want}`);
      });
      toFloat32(stored('nll')).forEach((want, t) => {
        const row = logits.subarray(t * engine.vocab, (t + 1) * engine.vocab);
        const nll = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[ids[t + 1]!]!;
        expect(Math.abs(nll - want), `${text}, position ${t}`).toBeLessThan(1e-3);
      });
      const pass = await engine.cleanPass(batch);
      expect(Math.abs(pass.loss - mean_nll), text).toBeLessThan(1e-4);
      pass.dispose();
    }
  });

  it('continues the prompts greedily as PyTorch does', async () => {
    for (const { prompt_ids, new_ids } of json('forward.json').greedy as {
      prompt_ids: number[];
      new_ids: number[];
    }[]) {
      // One forward pass over prompt and continuation shows every greedy choice.
      const ids = Int32Array.from([...prompt_ids, ...new_ids]);
      const logits = await engine.logits({ ids, sequences: 1, length: ids.length });
      new_ids.forEach((id, i) => {
        const at = prompt_ids.length + i - 1;
        expect(largest(logits.subarray(at * engine.vocab, (at + 1) * engine.vocab), 1)).toEqual([
          id,
        ]);
      });
    }
  });

  it('measures every AdaRank draw of the reference', async () => {
    const modules = json('adarank.json').modules as Record<
      string,
      { std_w: number; values: number[] }
    >;
    const ids = json('texts.json').batches.adarank as number[][];
    const pass = await engine.cleanPass({
      ids: Int32Array.from(ids.flat()),
      sequences: ids.length,
      length: elementAt(ids, 0).length,
    });
    const layers = full ? Array.from({ length: engine.layers }, (_, l) => l) : [0, 11, 20, 29];
    const repeats = full ? 8 : 2;
    let worst = 0;
    for (const layer of layers) {
      const own = engine.modules.filter((m) => m.layer === layer);
      for (const { index, path } of own)
        expect(
          Math.abs(engine.weightStd(index) / defined(modules[path]).std_w - 1),
          path,
        ).toBeLessThan(1e-9);
      for (let repeat = 0; repeat < repeats; repeat++) {
        const values = await engine.disagreement(
          pass,
          own.map(({ index }) => {
            const std = engine.weightStd(index);
            return {
              module: index,
              a: { seed: 1, draw: 2 * repeat, std },
              b: { seed: 1, draw: 2 * repeat + 1, std },
            };
          }),
        );
        own.forEach(({ path }, i) => {
          const error = Math.abs(values[i]! / defined(modules[path]).values[repeat]! - 1);
          worst = Math.max(worst, error);
          expect(error, `${path}, repeat ${repeat}`).toBeLessThan(1e-3);
        });
      }
    }
    console.log(`largest relative difference ${worst.toExponential(1)}`);
    pass.dispose();
  });
});
