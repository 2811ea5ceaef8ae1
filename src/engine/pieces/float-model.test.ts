/** Models with float32 linear layers, replaced weights, and exports with replaced weights. */
import { afterAll, describe, expect, it } from 'vitest';
import { defined } from '../../checked.ts';
import { difference, openModel, readModel, runOriginal } from '../../../test/pipeline.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import { tinyDecoder, tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { compile } from '../../compiler/index.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { dequantise } from '../../model/weights.ts';
import { readGraph } from '../../onnx/read.ts';
import { writeGraph } from '../../onnx/write.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { Backend } from '../backends/backend.ts';
import { createEngine } from '../cut-engine.ts';
import { floatModel } from './float-model.ts';
import { replaced } from '../../compiler/replaced.ts';
import { withWeights } from './replaced-model.ts';
import { cpuBackend, webgpuBackend } from '../backends/test-backends.ts';

const wasm = await cpuBackend();
const webgpu = await webgpuBackend();
afterAll(async () => {
  await wasm.dispose();
  await webgpu?.dispose();
});

const engineOf = (model: ReturnType<typeof compile>, backend: Backend = wasm) =>
  createEngine({ model, backend, memoryBudgetBytes: 500e6 });
const randomWeight = (n: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(n), 0, 0.1);
const modules = [0, 3, 4, 11];

/**
 * Random weights for some modules, and an engine on the export with these weights. Setting the
 * weights must give equal results.
 */
async function exchange(graph: Graph) {
  const model = await floatModel(graph);
  const weights = new Map(
    modules.map((m) => [m, randomWeight(dequantise(model.weightOf(m)).length, m)]),
  );
  const other = engineOf(
    compile(await withWeights(graph, (m) => weights.get(m) ?? null, 'float32')),
  );
  return { model, weights, other };
}

describe('replaced weights in an engine', () => {
  it('affect every later call, and can be reset', { timeout: 60_000 }, async () => {
    const { model, weights, other } = await exchange(tinyDecoderGraph({ weights: 'q4' }));
    const engine = engineOf(model);
    const batch = trainingBatch();
    const before = await engine.logits(batch);
    const want = await other.logits(batch);
    for (const [module, weight] of weights) await engine.setWeight(module, weight);
    expect(difference(want, before)).toBeGreaterThan(0.1);
    expect(difference(await engine.logits(batch), want)).toBeLessThan(2e-5);
    expect((await engine.evaluate(batch)).sum).toBeCloseTo((await other.evaluate(batch)).sum, 3);
    for (const m of modules) {
      expect(engine.materialiseWeight(m)).toEqual(weights.get(m));
      expect(engine.weightStd(m)).toBeCloseTo(other.weightStd(m), 6);
    }
    const norms = async (e: typeof engine) => (await e.gradientSums(batch)).squaredNorm;
    const [got, wanted] = [await norms(engine), await norms(other)];
    got.forEach((v, i) => expect(Math.abs(v / wanted[i]! - 1)).toBeLessThan(1e-3));
    for (const m of modules) await engine.setWeight(m, null);
    expect(difference(await engine.logits(batch), before)).toBe(0);
    expect(engine.materialiseWeight(3)).toEqual(dequantise(model.weightOf(3)));
  });

  it.skipIf(!webgpu)('affect every later call on WebGPU', { timeout: 300_000 }, async () => {
    const { model, weights, other } = await exchange(tinyDecoderGraph());
    const engine = engineOf(model, defined(webgpu));
    const batch = trainingBatch();
    const before = await engine.logits(batch);
    for (const [module, weight] of weights) await engine.setWeight(module, weight);
    expect(difference(await engine.logits(batch), await other.logits(batch))).toBeLessThan(1e-4);
    for (const m of modules) await engine.setWeight(m, null);
    expect(difference(await engine.logits(batch), before)).toBe(0);
  });
});

describe('replaced weights', () => {
  it('are refused over a quantised model, and in the wrong size', async () => {
    await expect(
      engineOf(compile(tinyDecoderGraph({ weights: 'q4' }))).setWeight(0, new Float32Array(1024)),
    ).rejects.toMatchObject({ code: 'float-only' });
    await expect(
      engineOf(await floatModel(tinyDecoderGraph())).setWeight(0, new Float32Array(10)),
    ).rejects.toThrow(RangeError);
  });

  it.each(['float32', 'int4'] as const)('give a file that onnxruntime loads: %s', async (form) => {
    const graph = tinyDecoderGraph();
    const weights = new Map(
      modules.map((m) => [m, randomWeight(dequantise(compile(graph).weightOf(m)).length, m)]),
    );
    const bytes = writeGraph(await withWeights(graph, (m) => weights.get(m) ?? null, form));
    const again = await readGraph(bytes, { file: 'replaced.onnx' });
    const batch = trainingBatch();
    const { sequences, length, ids } = batch;
    const original = await runOriginal({
      graph: again,
      bytes,
      external: () => null,
      tokens: {
        ids: [...ids],
        batch: sequences,
        length,
      },
    });
    expect(difference(original.data, await engineOf(compile(again)).logits(batch))).toBeLessThan(
      1e-4,
    );
    if (form === 'int4') {
      const model = compile(again);
      for (const m of modules) {
        const stored = dequantise(model.weightOf(m));
        expect(difference(stored, defined(weights.get(m)))).toBeLessThan(0.04);
      }
    } else expect(dequantise(compile(again).weightOf(4))).toEqual(weights.get(4));
  });

  it('leave the model unchanged if there are none', async () => {
    const graph = tinyDecoderGraph();
    const same = writeGraph(await replaced(graph, async () => null));
    const before = tinyDecoder();
    const batch = trainingBatch();
    const tokens = { ids: [...batch.ids], batch: batch.sequences, length: batch.length };
    const run = async (bytes: Uint8Array) =>
      (
        await runOriginal({
          graph: await readGraph(bytes, { file: 'x' }),
          bytes,
          external: () => null,
          tokens,
        })
      ).data;
    expect(difference(await run(same), await run(before))).toBe(0);
  });

  it('preserve zeros if 4-bit weights are rounded to 4 bits again', async () => {
    const graph = tinyDecoderGraph({ weights: 'q4' });
    const model = compile(graph);
    const again = compile(await withWeights(graph, (m) => dequantise(model.weightOf(m)), 'int4'));
    // Blocks of 32 over blocks of 16: close, not equal. Zeros are preserved.
    for (const { index } of model.modules) {
      const [a, b] = [model, again].map((c) => dequantise(c.weightOf(index))) as [
        Float32Array,
        Float32Array,
      ];
      a.forEach((v, i) => {
        if (v === 0) expect(b[i]! === 0).toBe(true);
      });
    }
  });
});

/**
 * Half floats, a Gemm with its bias, a packed projection, 4 bits with half floats.
 * `nf4-model.test.ts` converts the other kinds.
 */
const files = [
  'llama/onnx/model_fp16.onnx',
  'gpt2/onnx/model.onnx',
  'qwen2-genai-int4-cpu/model.onnx',
  'qwen3/onnx/model_q4f16.onnx',
];

describe('float layers give the logits of the export', () => {
  it.each(files)('%s', { timeout: 60_000 }, async (file) => {
    const graph = await readModel(fixturePath('exports', file));
    const before = compile(graph);
    const after = await floatModel(graph);
    const facts = (model: typeof before) =>
      model.modules.map(({ path, inFeatures, outFeatures, hasBias }) => ({
        path,
        inFeatures,
        outFeatures,
        hasBias,
      }));
    expect(facts(after)).toEqual(facts(before));
    for (const { index } of before.modules)
      expect(dequantise(after.weightOf(index))).toEqual(dequantise(before.weightOf(index)));
    const ids = Int32Array.from({ length: 16 }, (_, i) => (37 * i) % 200);
    const batch = { ids, sequences: 2, length: 8 };
    const [x, y] = [await engineOf(before).logits(batch), await engineOf(after).logits(batch)];
    expect(difference(x, y)).toBeLessThan(1e-3);
    // One module of a packed projection, and every product, as a file.
    const changed = await withWeights(
      graph,
      (m) => (m === 1 ? dequantise(before.weightOf(m)).map((v) => -v) : null),
      'float32',
    );
    const bytes = writeGraph(changed);
    const reread = await readGraph(bytes, { file: 'x' });
    expect(dequantise(compile(reread).weightOf(1))).toEqual(
      dequantise(before.weightOf(1)).map((v) => -v),
    );
    expect(dequantise(compile(reread).weightOf(0))).toEqual(dequantise(before.weightOf(0)));
    // Half floats and rounded activations: no further from the pieces than the original export.
    const tokens = { ids: [...ids], batch: 2, length: 8 };
    const { bytes: own, external } = openModel(fixturePath('exports', file));
    const apart = difference(
      (await runOriginal({ graph, bytes: own, external, tokens, headDim: before.headDim ?? 1 }))
        .data,
      x,
    );
    const original = await runOriginal({
      graph: reread,
      bytes,
      external: () => null,
      tokens,
      headDim: before.headDim ?? 1,
    });
    expect(difference(original.data, await engineOf(compile(reread)).logits(batch))).toBeLessThan(
      2 * apart + 1e-3,
    );
  });
});
