/**
 * Logits with an imported adapter equal those of the model with the adapter merged into its
 * weights, on the CPU.
 */
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { compile } from '../compiler/index.ts';
import { adapterPlaces } from '../compiler/modules.ts';
import { createEngine } from '../engine/cut-engine.ts';
import { withWeights } from '../engine/pieces/replaced-model.ts';
import { cpuBackend } from '../engine/backends/test-backends.ts';

import { dequantise, headWeight } from '../model/weights.ts';
import type { Graph } from '../onnx/graph.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import { configOf, safetensorsOf, type HandTensor } from '../../test/adapter-files.ts';
import { merged } from '../../test/merged-decoder.ts';
import {
  cappedDecoderGraph,
  tiny,
  tinyDecoderGraph,
  untiedDecoderGraph,
} from '../../test/tiny-decoder.ts';
import { adamWStep, randomAdapters, trainingBatch } from '../../test/training-data.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import { loraDelta } from '../device/twins.ts';
import { exportPeft, importPeft } from './peft.ts';

const open = async (graph: Graph) =>
  createEngine({ model: compile(graph), backend: await cpuBackend(), memoryBudgetBytes: 500e6 });

const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => Math.abs(x - b[i]!)).reduce((max, d) => Math.max(max, d), 0);

describe('an adapter of a tiny decoder on WASM', () => {
  test('survives export and import, and predicts as the merged weights do', async () => {
    const engine = await open(tinyDecoderGraph());
    const batch = trainingBatch();
    const clean = await engine.logits(batch);
    const files = exportPeft({
      modules: engine.modules,
      adapters: randomAdapters(engine.modules, (m) => m.index % 4),
      scale: (m) => 1 + m / 10,
      rsLora: true,
      baseModel: 'tiny',
      taskType: 'CAUSAL_LM',
    });
    const { adapters, scale } = importPeft(
      defined(files.get('adapter_config.json')),
      defined(files.get('adapter_model.safetensors')),
      engine.modules,
    );
    const resident = await engine.adapters(adapters);
    const adapted = await engine.logits(batch, { adapters: resident, scale });
    const other = await open(merged(adapters, engine.modules, scale));
    const want = await other.logits(batch);
    expect(apart(adapted, want)).toBeLessThan(1e-5);
    expect(apart(adapted, clean)).toBeGreaterThan(0.1);
    expect(await engine.logits(batch)).toEqual(clean);

    // DyLoRA: only the first rank of each.
    const low = adapters.map(({ module, rank, loraA, loraB }) => ({
      module,
      rank: 1,
      loraA: loraA.slice(0, loraA.length / rank),
      loraB: loraB.filter((_, i) => i % rank === 0),
    }));
    const truncated = await engine.adapters(low);
    expect(await engine.logits(batch, { adapters: resident, scale, rank: () => 1 })).toEqual(
      await engine.logits(batch, { adapters: truncated, scale }),
    );
    resident.dispose();
    truncated.dispose();
    await engine.dispose();
    await other.dispose();
  });

  test('packed, on separate modules, predicts as W + s·B·A of the packed weight', async () => {
    const engine = await open(tinyDecoderGraph());
    const batch = trainingBatch();
    const { hidden, heads, kvHeads, headDim, inner } = tiny;
    const rank = 3;
    const alpha = 6;
    const packed = [
      [
        'self_attn.qkv_proj',
        ['q_proj', 'k_proj', 'v_proj'],
        [heads * headDim, kvHeads * headDim, kvHeads * headDim],
      ],
      ['mlp.gate_up_proj', ['gate_proj', 'up_proj'], [inner, inner]],
    ] as const;
    const graph = tinyDecoderGraph();
    const tensors: Record<string, HandTensor> = {};
    packed.forEach(([name, parts, widths], stream) => {
      const rows = widths.reduce<number>((sum, w) => sum + w, 0);
      const a = fillNormal(streamKeys(11, stream, 0), new Float32Array(rank * hidden));
      const b = fillNormal(streamKeys(11, stream, 1), new Float32Array(rows * rank));
      tensors[`base_model.model.model.layers.1.${name}.lora_A.weight`] = {
        shape: [rank, hidden],
        values: a,
        type: 'F64',
      };
      tensors[`base_model.model.model.layers.1.${name}.lora_B.weight`] = {
        shape: [rows, rank],
        values: b,
      };
      // Merge into the graph's own weights, [in, out] each, row by row of the packed weight, in
      // float64.
      let row = 0;
      parts.forEach((part, i) => {
        const { bytes } = defined(
          graph.initialisers.get(`onnx::MatMul_model.layers.1.${name.split('.')[0]}.${part}`),
        );
        const out = widths[i]!;
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
    const settings = configOf({
      target_modules: ['qkv_proj', 'gate_up_proj'],
      layers_to_transform: 1,
      r: rank,
      lora_alpha: alpha,
      use_rslora: 1,
    });
    const { adapters, scale } = importPeft(settings, safetensorsOf(tensors), engine.modules);
    const other = await open(graph);
    const resident = await engine.adapters(adapters);
    const adapted = await engine.logits(batch, { adapters: resident, scale });
    const want = await other.logits(batch);
    expect(apart(adapted, want)).toBeLessThan(1e-4);
    expect(apart(await engine.logits(batch), want)).toBeGreaterThan(0.1);
    resident.dispose();
    await engine.dispose();
    await other.dispose();
  });
});

describe.each([
  ['tied', tinyDecoderGraph],
  ['untied', () => untiedDecoderGraph()],
] as const)('an adapter of the head of a %s model', (_, graphOf) => {
  const places = adapterPlaces(compile(graphOf()));
  const index = places.length - 1;

  /**
   * As PEFT saves it: the file's rank and α are those of the layers; the head's are in the
   * patterns.
   */
  function saved(alone: boolean) {
    const values = randomAdapters(places, (m) => (m.index === index ? 5 : alone ? 0 : 2));
    const tensors = Object.fromEntries(
      values.flatMap(({ module, rank, loraA, loraB }): [string, HandTensor][] => {
        const { path, inFeatures, outFeatures } = elementAt(places, module);
        return [
          [`base_model.model.${path}.lora_A.weight`, { shape: [rank, inFeatures], values: loraA }],
          [`base_model.model.${path}.lora_B.weight`, { shape: [outFeatures, rank], values: loraB }],
        ];
      }),
    );
    const names = alone
      ? ['lm_head']
      : [...new Set(places.map((m) => elementAt(m.path.split('.'), -1)))];
    const config = configOf({
      target_modules: names,
      r: 2,
      lora_alpha: 4,
      rank_pattern: { lm_head: 5 },
      alpha_pattern: { lm_head: 3 },
      use_rslora: true,
    });
    return { values, config, weights: safetensorsOf(tensors) };
  }

  test.for([
    ['every layer has one, too', false],
    ['nothing else has one', true],
  ] as const)('%s: logits, loss and scores are those of W + s·B·A', async ([, alone]) => {
    const engine = await open(graphOf());
    const batch = trainingBatch();
    const clean = await engine.logits(batch);
    const { values, config, weights } = saved(alone);
    const { adapters, scale } = importPeft(config, weights, places);
    const other = await open(
      merged(values, places, (m) => (m === index ? 3 / Math.sqrt(5) : 4 / Math.sqrt(2)), graphOf()),
    );
    const resident = await engine.adapters(adapters);
    const use = { adapters: resident, scale };
    expect(resident.modules.map((m) => m.module)).toEqual(values.map((v) => v.module));
    expect(await resident.values()).toEqual(values);
    const adapted = await engine.logits(batch, use);
    expect(apart(adapted, await other.logits(batch))).toBeLessThan(1e-5);
    expect(apart(adapted, clean)).toBeGreaterThan(0.1);
    const [through, dense, without] = [
      await engine.evaluate(batch, use),
      await other.evaluate(batch),
      await engine.evaluate(batch),
    ];
    expect(Math.abs(through.sum - dense.sum) / dense.tokens).toBeLessThan(1e-5);
    expect(Math.abs(through.sum - without.sum) / dense.tokens).toBeGreaterThan(1e-3);
    // A chunk of 32 tokens, and the rest one by one.
    const ids = Int32Array.from({ length: 36 }, (_, i) => (5 * i * i + 3) % tiny.vocab);
    expect(apart(await engine.score(ids, use), await other.score(ids))).toBeLessThan(1e-4);
    // A lower rank for all.
    const low = values.map((v) => ({
      ...v,
      rank: 1,
      loraA: v.loraA.slice(0, v.loraA.length / v.rank),
      loraB: v.loraB.filter((_, i) => i % v.rank === 0),
    }));
    const cut = await open(merged(low, places, scale, graphOf()));
    expect(
      apart(await engine.logits(batch, { ...use, rank: () => 1 }), await cut.logits(batch)),
    ).toBeLessThan(1e-5);
    expect(await engine.logits(batch)).toEqual(clean);
    await expect(engine.trainStep(batch, use, adamWStep({}))).rejects.toMatchObject({
      code: 'head-not-trained',
    });
    resident.dispose();
    for (const used of [engine, other, cut]) await used.dispose();
  });

  test('is exported as it was imported; merging gives a tied head its own weight', async () => {
    const { values, config, weights } = saved(false);
    const { adapters, scale, rsLora } = importPeft(config, weights, places);
    const files = exportPeft({
      modules: places,
      adapters,
      scale,
      rsLora,
      baseModel: 'tiny',
      taskType: 'CAUSAL_LM',
    });
    const back = importPeft(
      defined(files.get('adapter_config.json')),
      defined(files.get('adapter_model.safetensors')),
      places,
    );
    expect(back.adapters).toEqual(values);
    expect(back.scale(index)).toBeCloseTo(3 / Math.sqrt(5), 6);
    const { loraA, loraB, rank } = elementAt(adapters, -1);
    const own = dequantise(headWeight(compile(graphOf()).head));
    const weight = loraDelta({
      a: loraA,
      b: loraB,
      base: own,
      mask: null,
      outputs: tiny.vocab,
      inputs: tiny.hidden,
      rank,
      scale: scale(index),
    });
    const again = await readGraph(
      writeGraph(await withWeights(graphOf(), () => null, 'float32', weight)),
      { file: 'merged.onnx' },
    );
    const other = await open(again);
    const want = await open(merged(adapters.slice(-1), places, scale, graphOf()));
    const batch = trainingBatch();
    expect(apart(await other.logits(batch), await want.logits(batch))).toBeLessThan(1e-5);
    expect(defined(again.initialisers.get('model.embed_tokens.weight')).bytes).toEqual(
      defined(graphOf().initialisers.get('model.embed_tokens.weight')).bytes,
    );
    await other.dispose();
    await want.dispose();
  });
});

test('an adapter of a head with a nonlinearity after it is refused', async () => {
  const graph = cappedDecoderGraph();
  const engine = await open(graph);
  await expect(
    engine.adapters(randomAdapters(adapterPlaces(compile(graph)), 1)),
  ).rejects.toMatchObject({ code: 'head-bent' });
  await engine.dispose();
});
