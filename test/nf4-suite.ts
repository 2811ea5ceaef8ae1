/**
 * Tests a tiny decoder in NF4 against the float model with the same dequantised weights, forward
 * and backward, on any provider.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementAt } from '../src/checked.ts';
import { adamWStep, randomAdapters, trainingBatch } from './training-data.ts';
import { tinyDecoderGraph } from './tiny-decoder.ts';
import { compile } from '../src/compiler/index.ts';
import { dequantise } from '../src/model/weights.ts';
import type { Graph } from '../src/onnx/graph.ts';
import type { Backend } from '../src/engine/backends/backend.ts';
import { createEngine, type CutEngine } from '../src/engine/cut-engine.ts';
import { nf4Model } from '../src/engine/pieces/nf4-model.ts';

/** The tiny float decoder with other weights, given as [out, in] by module path. */
function withWeights(graph: Graph, weights: ReadonlyMap<string, Float32Array>): Graph {
  const initialisers = new Map(
    [...graph.initialisers].map(([name, tensor]) => {
      const w = weights.get(name.replace('onnx::MatMul_', ''));
      const [inputs, outputs] = tensor.dims as [number, number];
      if (!w) return [name, tensor];
      const transposed = Float32Array.from(
        w,
        (_, i) => w[(i % outputs) * inputs + Math.floor(i / outputs)]!,
      );
      return [name, { ...tensor, bytes: new Uint8Array(transposed.buffer) }];
    }),
  );
  return { ...graph, initialisers };
}

const worst = (a: Float32Array, b: Float32Array) =>
  a.reduce((max, v, i) => Math.max(max, Math.abs(v - b[i]!)), 0) /
  b.reduce((max, v) => Math.max(max, Math.abs(v)), 0);

export function nf4Suite(name: string, open: () => Promise<Backend>): void {
  describe(`a tiny decoder in NF4 on ${name}`, { timeout: 300_000 }, () => {
    let backend: Backend;
    let nf4: CutEngine;
    let float: CutEngine;
    const batch = trainingBatch();
    beforeAll(async () => {
      backend = await open();
      const graph = tinyDecoderGraph();
      const model = await nf4Model(graph);
      const weights = new Map(
        model.modules.map((m) => [m.path, dequantise(model.weightOf(m.index))]),
      );
      [nf4, float] = [model, compile(withWeights(graph, weights))].map((m) =>
        createEngine({ model: m, backend, memoryBudgetBytes: 500e6 }),
      ) as [CutEngine, CutEngine];
    });
    afterAll(() => backend.dispose());

    it('has the logits of the dequantised float model', async () => {
      expect(elementAt(nf4.modules, 0).format).toEqual({
        kind: 'bnb4',
        block: 64,
        codebook: 'nf4',
      });
      expect(worst(await nf4.logits(batch), await float.logits(batch))).toBeLessThan(1e-5);
    });

    it('trains as the dequantised float model does', async () => {
      const stepsOf = async (engine: CutEngine) => {
        const adapters = await engine.adapters(randomAdapters(engine.modules, 2));
        const use = { adapters, scale: () => 2 };
        const taken = [
          await engine.trainStep(batch, use, adamWStep({})),
          await engine.trainStep(batch, use, adamWStep({ step: 2 })),
        ];
        adapters.dispose();
        return taken.flatMap((s) => [s.loss, s.gradNorm]);
      };
      const got = await stepsOf(nf4);
      const want = await stepsOf(float);
      got.forEach((v, i) => expect(Math.abs(v / want[i]! - 1)).toBeLessThan(i < 2 ? 1e-5 : 1e-4));
    });
  });
}
