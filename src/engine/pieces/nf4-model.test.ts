/**
 * Models with NF4 linear layers on the CPU, converted from real exports of every precision. WebGPU:
 * `nf4-model.slow.test.ts`.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { defined } from '../../checked.ts';
import { nf4Suite } from '../../../test/nf4-suite.ts';
import { readModel } from '../../../test/pipeline.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { decodeAbsmax, quantiseNf4 } from '../../device/nf4.ts';
import { NF4 } from '../../compiler/codebooks.ts';
import { dequantise } from '../../model/weights.ts';
import { createEngine } from '../cut-engine.ts';
import { nf4Model, storedSize } from './nf4-model.ts';
import { cpuBackend } from '../backends/test-backends.ts';

const wasm = await cpuBackend();
afterAll(() => wasm.dispose());

nf4Suite('WASM', () => cpuBackend());

describe('NF4 from other precisions', () => {
  it('is computed from the dequantised weight, and preserves biases', async () => {
    const graph = tinyDecoderGraph({ weights: 'q4' });
    const before = compile(graph);
    const after = await nf4Model(graph);
    for (const { index } of before.modules) {
      const w = dequantise(before.weightOf(index));
      const { packed, second } = quantiseNf4(w);
      const absmax = decodeAbsmax(second);
      const want = w.map(
        (_, i) => NF4[i & 1 ? packed[i >> 1]! & 15 : packed[i >> 1]! >> 4]! * absmax[i >> 6]!,
      );
      expect(dequantise(after.weightOf(index))).toEqual(want);
    }
    expect(after.modules.map((m) => m.hasBias)).toEqual(before.modules.map((m) => m.hasBias));
    expect(storedSize(after).perWeight).toBeLessThanOrEqual(0.6);
  });

  it('refuses weights that are not finite', async () => {
    const graph = tinyDecoderGraph();
    const [name, tensor] = defined(
      [...graph.initialisers].find(([n]) => n.startsWith('onnx::MatMul_')),
    );
    const bytes = tensor.bytes.slice();
    new DataView(bytes.buffer).setFloat32(40, NaN, true);
    await expect(
      nf4Model({
        ...graph,
        initialisers: new Map(graph.initialisers).set(name, { ...tensor, bytes }),
      }),
    ).rejects.toMatchObject({ code: 'bad-graph' });
  });
});

/**
 * Float, half, 8-bit, 4-bit, mixed; Gemm with a bias, MatMul, MatMulNBits, MatMulInteger; a packed
 * projection.
 */
const files = [
  'llama/onnx/model_fp16.onnx',
  'llama/onnx/model_quantized.onnx',
  'gpt2/onnx/model.onnx',
  'llama/onnx/model_bnb4.onnx',
  'qwen2-genai-int4-cpu/model.onnx',
  'qwen2-genai-kquant-mixed/model.onnx',
  'qwen3/onnx/model_q4f16.onnx',
];

describe('NF4 layers are close to those of a real export', () => {
  it.each(files)('%s', { timeout: 60_000 }, async (file) => {
    const graph = await readModel(fixturePath('exports', file));
    const before = compile(graph);
    const after = await nf4Model(graph);
    const facts = (model: typeof before) =>
      model.modules.map(({ path, inFeatures, outFeatures, hasBias }) => ({
        path,
        inFeatures,
        outFeatures,
        hasBias,
      }));
    expect(facts(after)).toEqual(facts(before));
    expect(storedSize(after).perWeight).toBeLessThanOrEqual(0.6);
    for (const { index } of before.modules) {
      const [w, got] = [before, after].map((m) => dequantise(m.weightOf(index))) as [
        Float32Array,
        Float32Array,
      ];
      const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
      expect(norm(got.map((v, i) => v - w[i]!)) / norm(w)).toBeLessThan(0.12);
    }
    // The products use the right orientation and biases: in these random models, 4 bits leave a
    // cosine similarity of 0.88 or more.
    const ids = Int32Array.from({ length: 16 }, (_, i) => (37 * i) % 200);
    const batch = { ids, sequences: 2, length: 8 };
    const logits = (model: typeof before) =>
      createEngine({ model, backend: wasm, memoryBudgetBytes: 500e6 }).logits(batch);
    const x = await logits(before);
    const y = await logits(after);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
    expect(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))).toBeGreaterThan(0.8);
  });
});
