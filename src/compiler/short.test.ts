/**
 * Compares the shortened export with the pieces of the same layers, in every dialect. A wrong
 * weight must fail the check.
 */
import * as ort from 'onnxruntime-web';
import { describe, expect, test, vi } from 'vitest';
import { defined } from '../checked.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { genaiDecoderGraph, tinyGenai, type GenaiShape } from '../../test/genai-decoder.ts';
import { readModel } from '../../test/pipeline.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import {
  cappedDecoderGraph,
  tinyDecoderGraph,
  untiedDecoderGraph,
} from '../../test/tiny-decoder.ts';
import { createEngine } from '../engine/cut-engine.ts';
import type { Ort } from '../engine/backends/ort.ts';
import {
  comparePipeline,
  fewTokens,
  layersCompared,
  type Tested,
} from '../engine/check/self-test.ts';
import { difference } from '../engine/backends/kernel-checks.ts';
import type { Check } from '../engine/engine.ts';
import { shortLogits } from '../engine/check/short-original.ts';
import { CpuBackend } from '../engine/backends/cpu-backend.ts';
import { validate, type Graph } from '../onnx/graph.ts';
import { compile } from './index.ts';
import type { CompiledModel } from './compiled.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const runtime = ort as unknown as Ort;

const testedAs = (graph: Graph, model = compile(graph)): Tested => ({
  ort: runtime,
  model,
  export: { graph, bytes: new Uint8Array(1), external: new Map() },
});

async function pieces(model: CompiledModel, layers: readonly number[]): Promise<Float32Array> {
  const engine = createEngine({ model, backend: new CpuBackend(runtime), memoryBudgetBytes: 1e9 });
  try {
    return await engine.logits(fewTokens(model), undefined, layers);
  } finally {
    await engine.dispose();
  }
}

/** Checks `tested` against the pieces of another model, by default its own. */
async function checked(
  tested: Tested,
  layers: readonly number[],
  other = tested.model,
): Promise<Check> {
  return comparePipeline(tested, fewTokens(tested.model), await pieces(other, layers), layers);
}

const genai = (shape: Partial<GenaiShape> = {}) => genaiDecoderGraph({ ...tinyGenai, ...shape });

const made: [string, Graph, number][] = [
  ['optimum', tinyDecoderGraph(), 2],
  ['optimum, 4 bits', tinyDecoderGraph({ weights: 'q4' }), 2],
  ['optimum, soft-capped', cappedDecoderGraph(), 2],
  ['optimum, untied', untiedDecoderGraph(), 2],
  ['GenAI', genai(), 3],
  ['GenAI, float16', genai({ type: 'float16' }), 3],
  ['GenAI, float head', genai({ head: 'float' }), 3],
  ['GenAI, tied', genai({ head: 'tied' }), 3],
];

describe.each(made)('a short export of %s', (_, graph, count) => {
  test.each([[[0]], [[0, count - 1]]])(
    'gives the logits of these layers alone: %j',
    async (layers) => {
      const check = await checked(testedAs(graph), layers);
      expect(check.note).toContain(`of its ${count} blocks`);
      expect(check.error).toBeLessThanOrEqual(check.allowed);
      // The check must not pass only because no layer was removed.
      const short = await compile(graph).short([0]);
      expect(short.inputs.map((i) => i.name).filter((name) => name.startsWith('past'))).toEqual([
        'past_key_values.0.key',
        'past_key_values.0.value',
      ]);
      expect(short.outputs.map((o) => o.name).sort()).toEqual([
        'logits',
        'present.0.key',
        'present.0.value',
      ]);
      expect(
        [...short.initialisers.keys()].filter((name) =>
          /layers\.[12]\.(attn|self_attn|mlp)/.test(name),
        ),
      ).toEqual([]);
      expect(validate(short).nodes).toEqual(short.nodes);
    },
  );
});

const exported = [
  'llama/onnx/model.onnx',
  'llama/onnx/model_q4.onnx',
  'llama/onnx/model_fp16.onnx',
  'llama/onnx/model_bnb4.onnx',
  'qwen2/onnx/model_q4.onnx',
  'gpt2/onnx/model.onnx',
  'qwen3/onnx/model_q4f16.onnx',
  'llama-genai-fp16/model.onnx',
  'llama-genai-int4-cpu/model.onnx',
  'llama-genai-int4-webgpu/model.onnx',
  'qwen2-genai-kquant-mixed/model.onnx',
  'qwen3-genai-int4-cpu/model.onnx',
  'gemma2/onnx/model_q4.onnx',
];

describe('a short export of a real exporter gives the logits of its layers', () => {
  test.each(exported)('%s', async (file) => {
    await expectShortRight(fixturePath('exports', file));
  });

  test.skipIf(!hasShared)('a short export of SmolLM2-135M, GenAI', async () => {
    await expectShortRight(sharedPath('models', 'SmolLM2-135M-Instruct-genai-q4f16', 'model.onnx'));
  });
});

async function expectShortRight(path: string): Promise<void> {
  const tested = testedAs(await readModel(path));
  const check = await checked(tested, defined(layersCompared(tested, 0)));
  expect(check.note).toContain('The export is large');
  expect(check.error).toBeLessThanOrEqual(check.allowed);
  const { model } = tested;
  const batch = fewTokens(model);
  const whole = await shortLogits(runtime, model, { layers: [0], batch });
  expect(
    difference(
      await shortLogits(runtime, model, {
        layers: [0],
        batch,
        chunkBytes: 4 * model.hidden * Math.ceil(model.vocab / 3),
      }),
      whole,
    ),
  ).toBeLessThan(1e-6);
}

describe('the comparison', () => {
  test('covers a small export whole, and the first layer of each structure of a large one', async () => {
    const tested = testedAs(genai({ zeroPoints: [1] }));
    expect(layersCompared(tested)).toBeNull();
    expect(layersCompared(tested, 0)).toEqual([0, 1]);
    const check = await checked(tested, [0, 1]);
    expect(check.note).toContain('0, 1 (the first of each kind)');
    expect(check.ok).toBe(true);
  });

  test('computes the head in chunks with the logits of one pass', async () => {
    for (const graph of [
      genai(),
      genai({ head: 'float' }),
      genai({ head: 'tied' }),
      tinyDecoderGraph(),
    ]) {
      const model = compile(graph);
      const batch = fewTokens(model);
      const chunkBytes = 4 * model.hidden * 20;
      expect(await shortLogits(runtime, model, { layers: [0], batch, chunkBytes })).toEqual(
        await shortLogits(runtime, model, { layers: [0], batch }),
      );
    }
  });

  test.each([
    ['block 0', 'model.layers.0.mlp.up_proj.MatMul.weight_Q4'],
    ['block 0', 'model.layers.0.attn.qkv_proj.MatMul.weight_scales'],
    ['the head', 'lm_head.MatMul.weight_Q4'],
    ['the final norm', 'model.layers.3.final_norm_layernorm.weight'],
    ['the embedding', 'model.embed_tokens.weight'],
  ])('detects a wrong weight in %s (%s)', async (_, name) => {
    const graph = genai();
    const weight = defined(graph.initialisers.get(name));
    const bytes = weight.bytes.slice();
    // Changes sixteen bytes at the second quarter. An embedding changes everywhere, since few of
    // its rows are looked up.
    if (name.includes('embed')) bytes.reverse();
    else bytes.copyWithin(0, bytes.length >> 2, (bytes.length >> 2) + 16);
    const wrong = compile({
      ...graph,
      initialisers: new Map(graph.initialisers).set(name, { ...weight, bytes }),
    });
    expect((await checked(testedAs(graph), [0])).ok).toBe(true);
    expect((await checked(testedAs(graph), [0], wrong)).ok).toBe(false);
  });
});

test('gives the runtime only the tensors that the short export reads', async () => {
  const graph = genai({ layers: 12 });
  const handed: number[] = [];
  const create = ort.InferenceSession.create.bind(ort.InferenceSession);
  const watched = {
    ...ort,
    InferenceSession: {
      create: (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => {
        handed.push(
          model.length,
          ...defined(options.externalData).map((d) => (d as { data: Uint8Array }).data.length),
        );
        return create(model, options);
      },
    },
  } as unknown as Ort;
  const model = compile(graph);
  await shortLogits(watched, model, { layers: [0], batch: fewTokens(model) });
  const all = [...graph.initialisers.values()].reduce((sum, t) => sum + t.bytes.length, 0);
  expect(handed.reduce((a, b) => a + b)).toBeLessThan(all / 4);
});
