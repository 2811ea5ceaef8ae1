/**
 * LoSA on SmolLM2-135M against PyTorch: similarity, masks and reconstruction errors through the
 * whole pipeline.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { openSmolLm2, type OpenedSmolLm2 } from '../../../test/smollm2.ts';
import { pruneMask } from '../../device/sparse-twins.ts';
import type { TokenBatch } from '../../engine/engine.ts';
import { floatModel } from '../../engine/pieces/float-model.ts';
import { readSafetensors, toFloat32, type SafetensorsEntry } from '../../model/safetensors.ts';
import { startOneShot } from './baselines.ts';
import { prunePass } from './prune-pass.ts';
import { layerSimilarity, redundancies } from './similarity.ts';

describe.skipIf(!hasShared)('LoSA on SmolLM2 matches the reference', () => {
  const read = (name: string) =>
    JSON.parse(readFileSync(sharedPath('reference', 'smollm2', name), 'utf8'));
  const reference = read('rmi.json');
  const rows: number[][] = read('texts.json').batches.rmi;
  const batch: TokenBatch = {
    ids: Int32Array.from(rows.flat()),
    sequences: rows.length,
    length: elementAt(rows, 0).length,
  };
  const { tensors } = readSafetensors(
    readFileSync(sharedPath('reference', 'smollm2', 'rmi.safetensors')),
    'rmi.safetensors',
  );
  const floats = (name: string) => toFloat32(defined(tensors.get(name)));
  const words = ({ bytes }: SafetensorsEntry) => new Uint32Array(new Uint8Array(bytes).buffer);
  let opened: OpenedSmolLm2;
  beforeAll(async () => {
    opened = await openSmolLm2(floatModel);
  });
  afterAll(() => opened.close());

  it('in layer similarity and redundancy', async () => {
    const { engine } = opened;
    const nothing = await startOneShot(engine);
    const matrix = layerSimilarity(await engine.inputGrams(batch, nothing.use));
    const want = floats('cka');
    const apart = Math.max(...matrix.flat().map((v, i) => Math.abs(v - want[i]!)));
    console.log(`largest difference of CKA ${apart.toExponential(1)}`);
    expect(apart).toBeLessThan(1e-3);
    redundancies(matrix).forEach((c, i) =>
      expect(Math.abs(c / reference.c[i] - 1)).toBeLessThan(5e-4),
    );
    nothing.dispose();
  });

  it('in every bit of the masks from the stored norms', () => {
    const { engine } = opened;
    for (const [path, { kept_per_row }] of Object.entries(reference['uniform_0.5'].modules) as [
      string,
      { kept_per_row: number },
    ][]) {
      const {
        index,
        inFeatures: inputs,
        outFeatures: outputs,
      } = defined(engine.modules.find((m) => m.path === path));
      const mask = pruneMask(
        engine.materialiseWeight(index),
        floats(`${path}.x_norm`),
        { outputs, inputs },
        { kind: 'row', drop: inputs - kept_per_row },
      );
      expect(mask).toEqual(words(defined(tensors.get(`${path}.mask_bits`))));
    }
  });

  it.each([
    ['uniform_0.5', false],
    ['layer_sparsities', true],
  ] as const)('in reconstruction errors, %s', async (name, layered) => {
    const { engine } = opened;
    const plain = await startOneShot(engine);
    const dense = await engine.cleanPass(batch);
    const sparsities: number[] = layered ? reference.sparsities : new Array(30).fill(0.5);
    const errors: number[] = [];
    for await (const block of prunePass(engine, {
      batch,
      dense,
      use: plain.use,
      sparsities,
      rule: { score: 'wanda', structure: { keep: 0, of: 0 } },
    }))
      errors.push(block.error);
    const apart = errors.map((e, i) => Math.abs(e / reference[name].errors[i] - 1));
    console.log(
      `${name}: largest relative difference of an error ${Math.max(...apart).toExponential(1)}`,
    );
    for (const a of apart) expect(a).toBeLessThan(1e-2);
    if (!layered) {
      for (const path of Object.keys(reference[name].modules)) {
        const mask = defined(
          plain.use.masks.bits(defined(engine.modules.find((m) => m.path === path)).index),
        );
        const want = words(defined(tensors.get(`${path}.mask_bits`)));
        const flips = mask.reduce(
          (n, word, i) => n + ((word ^ want[i]!) >>> 0).toString(2).replaceAll('0', '').length,
          0,
        );
        console.log(`${path}: ${flips} of ${32 * mask.length} mask bits differ`);
        // Flips accumulate over thirty pruned layers. In the last layer the reference itself has
        // 0.14 % between float32 and float64, the CPU provider 0.84 %.
        expect(flips / (32 * mask.length)).toBeLessThan(0.015);
      }
    }
    dense.dispose();
    plain.dispose();
  });
});
