/** Logits through an imported adapter are those of the model with the adapter merged into its weights, on the CPU. */
import { describe, expect, test } from 'vitest';
import { compile } from '../compiler/index.ts';
import { createEngine, type CutEngine } from '../engine/cut-engine.ts';
import type { AdapterValues } from '../engine/engine.ts';
import { wasmBackend } from '../engine/test-backends.ts';
import { randomAdapters, trainingBatch } from '../../test/training-data.ts';
import type { Graph } from '../onnx/graph.ts';
import { configOf, safetensorsOf, type HandTensor } from '../../test/adapter-files.ts';
import { tiny, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import { exportPeft, importPeft } from './peft.ts';

const open = async (graph: Graph) => createEngine({ model: compile(graph), backend: await wasmBackend(), memoryBudgetBytes: 500e6 });

/** `W ← W + s·B·A`; the graph keeps W as [in, out]. */
function merged(engine: CutEngine, adapters: readonly AdapterValues[], scale: (module: number) => number): Graph {
  const graph = tinyDecoderGraph();
  for (const { module, rank, loraA, loraB } of adapters) {
    const { path, inFeatures, outFeatures } = engine.modules[module]!, { bytes } = graph.initialisers.get(`onnx::MatMul_${path}`)!;
    const w = new Float32Array(bytes.buffer, bytes.byteOffset, inFeatures * outFeatures);
    for (let i = 0; i < inFeatures; i++) {
      for (let o = 0; o < outFeatures; o++) {
        for (let r = 0; r < rank; r++) w[i * outFeatures + o]! += scale(module) * loraB[o * rank + r]! * loraA[r * inFeatures + i]!;
      }
    }
  }
  return graph;
}

describe('a tiny decoder on WASM', () => {
  test('reads what it wrote and predicts as if merged', async () => {
    const engine = await open(tinyDecoderGraph()), batch = trainingBatch(), clean = await engine.logits(batch);
    const files = exportPeft({
      modules: engine.modules, adapters: randomAdapters(engine.modules, (m) => m.index % 4), scale: (m) => 1 + m / 10, rsLora: true, baseModel: 'tiny', taskType: 'CAUSAL_LM',
    });
    const { adapters, scale } = importPeft(files.get('adapter_config.json')!, files.get('adapter_model.safetensors')!, engine.modules);
    const resident = await engine.adapters(adapters), adapted = await engine.logits(batch, { adapters: resident, scale });
    const other = await open(merged(engine, adapters, scale)), want = await other.logits(batch);
    const difference = (a: Float32Array, b: Float32Array) => a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i]!)), 0);
    expect(difference(adapted, want)).toBeLessThan(1e-5);
    expect(difference(adapted, clean)).toBeGreaterThan(0.1);
    expect(await engine.logits(batch)).toEqual(clean);

    // DyLoRA: only the first rank of each.
    const low = adapters.map(({ module, rank, loraA, loraB }) => ({ module, rank: 1, loraA: loraA.slice(0, loraA.length / rank), loraB: loraB.filter((_, i) => i % rank === 0) }));
    const truncated = await engine.adapters(low);
    expect(await engine.logits(batch, { adapters: resident, scale, rank: () => 1 })).toEqual(await engine.logits(batch, { adapters: truncated, scale }));
    resident.dispose();
    truncated.dispose();
    await engine.dispose();
    await other.dispose();
  });

  test('a packed adapter, on modules that the export keeps apart, predicts as W + s·B·A of the packed weight', async () => {
    const engine = await open(tinyDecoderGraph()), batch = trainingBatch(), { hidden, heads, kvHeads, headDim, inner } = tiny, rank = 3, alpha = 6;
    const packed = [['self_attn.qkv_proj', ['q_proj', 'k_proj', 'v_proj'], [heads * headDim, kvHeads * headDim, kvHeads * headDim]], ['mlp.gate_up_proj', ['gate_proj', 'up_proj'], [inner, inner]]] as const;
    const graph = tinyDecoderGraph(), tensors: Record<string, HandTensor> = {};
    packed.forEach(([name, parts, widths], stream) => {
      const rows = widths.reduce<number>((sum, w) => sum + w, 0);
      const a = fillNormal(streamKeys(11, stream, 0), new Float32Array(rank * hidden)), b = fillNormal(streamKeys(11, stream, 1), new Float32Array(rows * rank));
      tensors[`base_model.model.model.layers.1.${name}.lora_A.weight`] = { shape: [rank, hidden], values: a, type: 'F64' };
      tensors[`base_model.model.model.layers.1.${name}.lora_B.weight`] = { shape: [rows, rank], values: b };
      // Into the graph's own weights, [in, out] each, row by row of the packed one, in float64.
      let row = 0;
      parts.forEach((part, i) => {
        const { bytes } = graph.initialisers.get(`onnx::MatMul_model.layers.1.${name.split('.')[0]}.${part}`)!, out = widths[i]!;
        const w = new Float32Array(bytes.buffer, bytes.byteOffset, hidden * out);
        for (let o = 0; o < out; o++, row++) {
          for (let column = 0; column < hidden; column++) {
            let change = 0;
            for (let r = 0; r < rank; r++) change += b[row * rank + r]! * a[r * hidden + column]!;
            w[column * out + o]! += (alpha / Math.sqrt(rank)) * change;
          }
        }
      });
    });
    const settings = configOf({ target_modules: ['qkv_proj', 'gate_up_proj'], layers_to_transform: 1, r: rank, lora_alpha: alpha, use_rslora: 1 });
    const { adapters, scale } = importPeft(settings, safetensorsOf(tensors), engine.modules), other = await open(graph);
    const resident = await engine.adapters(adapters), adapted = await engine.logits(batch, { adapters: resident, scale }), want = await other.logits(batch);
    const difference = (x: Float32Array, y: Float32Array) => x.reduce((worst, v, i) => Math.max(worst, Math.abs(v - y[i]!)), 0);
    expect(difference(adapted, want)).toBeLessThan(1e-4);
    expect(difference(await engine.logits(batch), want)).toBeGreaterThan(0.1);
    resident.dispose();
    await engine.dispose();
    await other.dispose();
  });
});
