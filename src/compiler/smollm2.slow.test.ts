/**
 * Compares the cut pipeline of SmolLM2-135M, in both dialects, with the logits and gradients of
 * PyTorch and with the original export. Takes minutes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { step, weightGradient } from '../../test/gradient-step.ts';
import {
  difference,
  openModel,
  readModel,
  runCut,
  runOriginal,
  type Result,
  type Tokens,
} from '../../test/pipeline.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { openTensors } from '../../test/tensors.ts';
import { compile } from './index.ts';

describe.skipIf(!hasShared)('SmolLM2-135M', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
    execFileSync(process.execPath, [sharedPath('models', 'assemble.mjs'), folder], {
      stdio: 'ignore',
    });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tokens = () => {
    const ids = [
      ...openTensors(sharedPath('reference', 'smollm2', 'forward.safetensors'))('hamlet.input_ids')
        .data,
    ];
    return { ids, batch: 1, length: ids.length };
  };

  test('optimum, q4 gives the logits of the reference', async () => {
    const reference = openTensors(sharedPath('reference', 'smollm2', 'forward.safetensors'));
    const { ids, batch, length } = tokens();
    const model = compile(
      await readModel(join(folder, 'SmolLM2-135M-Instruct-ONNX', 'onnx', 'model_q4.onnx')),
    );
    const { logits } = await runCut(model, { ids, batch, length });
    expect(
      difference(
        reference('hamlet.last_logits').data,
        logits.data.subarray((length - 1) * model.vocab),
      ),
    ).toBeLessThan(2e-3);
    const best = reference('hamlet.top10_ids').data;
    const values = reference('hamlet.top10_logits').data;
    best.forEach((id, i) =>
      expect(
        Math.abs(logits.data[Math.floor(i / 10) * model.vocab + id]! - values[i]!),
      ).toBeLessThan(2e-3),
    );
  }, 300_000);

  describe('the gradients of the reference hold', () => {
    const numbers = JSON.parse(
      readFileSync(sharedPath('reference', 'smollm2', 'gradients.json'), 'utf8'),
    ) as {
      loss: number;
      modules: Record<string, { grad_norm: number }>;
      adapter: { loss: number; scale: number; modules: string[] };
    };
    const reference = openTensors(sharedPath('reference', 'smollm2', 'gradients.safetensors'));
    const batch: Tokens = { ids: [...reference('input_ids').data], batch: 2, length: 24 };
    const open = async () =>
      compile(await readModel(join(folder, 'SmolLM2-135M-Instruct-ONNX', 'onnx', 'model_q4.onnx')));
    const largest = (data: ArrayLike<number>): number =>
      Array.from(data).reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    const apart = (right: ArrayLike<number>, own: ArrayLike<number>): number =>
      difference(right, own) / largest(right);

    test('for every module', async () => {
      const model = await open();
      const done = await step(model, batch);
      expect(Math.abs(done.loss - numbers.loss)).toBeLessThan(1e-4);
      for (const { index, path } of model.modules) {
        const { grad_norm: right } = defined(numbers.modules[path]);
        const own = Math.sqrt(
          weightGradient(model, done, index).reduce((sum, g) => sum + g * g, 0),
        );
        expect(Math.abs(own - right) / right).toBeLessThan(1e-3);
      }
      for (const [layer, name, path] of [
        [14, 'k_proj', 'model.layers.14.self_attn.k_proj'],
        [29, 'down_proj', 'model.layers.29.mlp.down_proj'],
      ] as const) {
        const module = defined(
          model.modules.find((m) => m.layer === layer && m.path.endsWith(name)),
        ).index;
        const site = defined(
          elementAt(model.blocks, layer).sites.find(
            (s) => elementAt(s.modules, 0).module === module,
          ),
        );
        expect(
          apart(
            reference(`taps.${path}.x`).data,
            defined(elementAt(done.blocks, layer)[site.tap]).data,
          ),
        ).toBeLessThan(1e-3);
        expect(
          apart(
            reference(`taps.${path}.dy`).data,
            defined(elementAt(done.blocks, layer)[site.grad]).data,
          ),
        ).toBeLessThan(1e-3);
      }
    }, 300_000);

    test('for six adapters together', async () => {
      const model = await open();
      const { scale, modules, loss } = numbers.adapter;
      const done = await step(model, batch, (layer) =>
        elementAt(model.blocks, layer).sites.flatMap((site) =>
          site.modules.flatMap(({ module }): Result[] => {
            const { path, inFeatures, outFeatures } = elementAt(model.modules, module);
            if (!modules.includes(path))
              return [
                { dims: [1, inFeatures], data: new Float32Array(inFeatures) },
                { dims: [1, outFeatures], data: new Float32Array(outFeatures) },
                { dims: [1], data: new Float32Array(1) },
              ];
            const A = reference(`adapter.${path}.A`);
            const B = reference(`adapter.${path}.B`);
            const [out, rank] = B.dims as [number, number];
            const transposed = Float32Array.from(
              { length: out * rank },
              (_, i) => B.data[(i % out) * rank + Math.floor(i / out)]!,
            );
            return [
              { dims: A.dims, data: Float32Array.from(A.data) },
              { dims: [rank, out], data: transposed },
              { dims: [1], data: Float32Array.of(scale) },
            ];
          }),
        ),
      );
      expect(Math.abs(done.loss - loss)).toBeLessThan(1e-4);
      for (const path of modules) {
        const { index, inFeatures, outFeatures } = defined(
          model.modules.find((m) => m.path === path),
        );
        const G = weightGradient(model, done, index);
        const A = reference(`adapter.${path}.A`).data;
        const B = reference(`adapter.${path}.B`).data;
        const rank = A.length / inFeatures;
        const dA = new Float64Array(A.length);
        const dB = new Float64Array(B.length);
        for (let o = 0; o < outFeatures; o++) {
          for (let i = 0; i < inFeatures; i++) {
            for (let r = 0; r < rank; r++) {
              dA[r * inFeatures + i]! += scale * B[o * rank + r]! * G[o * inFeatures + i]!;
              dB[o * rank + r]! += scale * A[r * inFeatures + i]! * G[o * inFeatures + i]!;
            }
          }
        }
        expect(apart(reference(`adapter.${path}.dA`).data, dA)).toBeLessThan(1e-3);
        expect(apart(reference(`adapter.${path}.dB`).data, dB)).toBeLessThan(1e-3);
      }
    }, 300_000);
  });

  test('genai, q4f16 gives the logits of the original export', async () => {
    const path = sharedPath('models', 'SmolLM2-135M-Instruct-genai-q4f16', 'model.onnx');
    const graph = await readModel(path);
    const model = compile(graph);
    const { bytes, external } = openModel(path);
    const { logits } = await runCut(model, tokens());
    const original = await runOriginal({
      graph,
      bytes,
      external,
      tokens: tokens(),
      headDim: defined(model.headDim),
    });
    // The export's activations are half floats, those of the pieces are not; logits reach 35.
    expect(difference(original.data, logits.data)).toBeLessThan(0.25);
  }, 300_000);
});
