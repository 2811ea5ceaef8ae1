/**
 * Generation with a KV cache against whole forward passes without one, for every export dialect,
 * with and without adapters. On WebGPU: `webgpu.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import type { Graph } from '../../onnx/graph.ts';
import { readGraph } from '../../onnx/read.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import { cappedDecoderGraph, tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { likeliest, randomAdapters } from '../../../test/training-data.ts';
import { capacityFor } from './continuation.ts';
import { createEngine, openEngine, type CutEngine } from '../cut-engine.ts';
import type { AdapterUse, GeneratedToken, GenerationRequest } from '../engine.ts';
import type { Backend } from '../backends/backend.ts';
import { hasNative, nativeTestBackend, wasmBackend } from '../backends/test-backends.ts';

const open = (path: string, file: string) =>
  readGraph(readFileSync(path), {
    file,
    external: (name) => readFileSync(`${dirname(path)}/${name}`),
  });
const shared = (file: string) => open(fixturePath('exports', file), file);

const models: [string, () => Promise<Graph> | Graph][] = [
  ['float32 decoder', () => tinyDecoderGraph()],
  ['decoder with soft-capped logits', cappedDecoderGraph],
  ['bundled model', () => open('public/models/atlas-3m/onnx/model_q4.onnx', 'atlas-3m')],
  ['tiny llama, float32', () => shared('llama/onnx/model.onnx')],
  ['tiny qwen2 (bias), 4 bits', () => shared('qwen2/onnx/model_q4.onnx')],
  ['tiny gpt2 (Conv1D, positions)', () => shared('gpt2/onnx/model.onnx')],
  ['tiny qwen3 (q/k norm), 4 bits', () => shared('qwen3/onnx/model_q4.onnx')],
  ['tiny llama, GenAI, packed qkv', () => shared('llama-genai-int4-cpu/model.onnx')],
  ['tiny llama, int8', () => shared('llama/onnx/model_quantized.onnx')],
];

async function all(
  engine: CutEngine,
  request: Partial<GenerationRequest> & Pick<GenerationRequest, 'prompt' | 'tokens'>,
): Promise<GeneratedToken[]> {
  const tokens: GeneratedToken[] = [];
  for await (const token of engine.generate({ choose: likeliest, ...request })) tokens.push(token);
  return tokens;
}

/**
 * The likeliest next token at every position of a text, and ln p of the token that follows, from
 * one forward pass without a cache.
 */
async function whole(
  engine: CutEngine,
  ids: Int32Array,
  use?: AdapterUse,
): Promise<GeneratedToken[]> {
  const logits = await engine.logits({ ids, sequences: 1, length: ids.length }, use);
  const { vocab } = engine;
  return Array.from({ length: ids.length - 1 }, (_, t) => {
    const row = logits.subarray(t * vocab, (t + 1) * vocab);
    const max = Math.max(...row);
    return {
      id: likeliest(row),
      logProbability:
        row[ids[t + 1]!]! - max - Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0)),
    };
  });
}

/** Without the native package, only WASM runs. */
const backends: [string, () => Promise<Backend>][] = [
  ['wasm', wasmBackend],
  ...(hasNative ? [['native', nativeTestBackend] as [string, () => Promise<Backend>]] : []),
];

/** On each backend: with weights as stored, layer by layer, and as `openEngine` chooses. */
const cases = models.flatMap(([name, load]) =>
  backends.flatMap(([on, backend]) =>
    (['as stored', 'as chosen'] as const).map((form) => ({ name, load, on, backend, form })),
  ),
);

describe.each(cases)('$name, $on, weights $form', { timeout: 60_000 }, (given) => {
  const { load, backend, form } = given;
  // Enough that one session holds the weights as chosen.
  const count = form === 'as chosen' ? 18 : 12;
  let engine: CutEngine;
  beforeAll(async () => {
    const options = {
      model: compile(await load()),
      backend: await backend(),
      memoryBudgetBytes: 1e9,
    };
    engine = form === 'as chosen' ? await openEngine(options) : createEngine(options);
  }, 60_000);
  afterAll(() => engine.dispose());

  // 35 prompt tokens are a full step of 32 and a padded step of 3.
  it('continues a text as whole forward passes do, with and without partial adapters', async () => {
    const prompt = Int32Array.from({ length: 35 }, (_, i) => (i * i * 7 + 3) % engine.vocab);
    const adapters = await engine.adapters(randomAdapters(engine.modules, 4));
    const use = { adapters, scale: () => 2, rank: (module: number) => (module % 2 === 0 ? 2 : 4) };
    for (const through of [undefined, use]) {
      const tokens = await all(engine, { prompt, tokens: count, ...(through && { use: through }) });
      expect(tokens).toHaveLength(count);
      const ids = Int32Array.of(...prompt, ...tokens.map((t) => t.id));
      const want = await whole(engine, ids, through);
      const scores = await engine.score(ids, through);
      tokens.forEach(({ id, logProbability }, i) => {
        expect(id).toBe(elementAt(want, prompt.length - 1 + i).id);
        expect(logProbability).toBeCloseTo(
          elementAt(want, prompt.length - 1 + i).logProbability,
          3,
        );
      });
      expect(scores).toHaveLength(ids.length - 1);
      want.forEach(({ logProbability }, t) => expect(scores[t]).toBeCloseTo(logProbability, 3));
    }
    adapters.dispose();
  });
});

describe('a generated text', { timeout: 60_000 }, () => {
  let engine: CutEngine;
  beforeAll(async () => {
    engine = createEngine({
      model: compile(tinyDecoderGraph()),
      backend: await wasmBackend(),
      memoryBudgetBytes: 30e6,
    });
  }, 60_000);
  afterAll(() => engine.dispose());
  // This model tends to repeat a token. A chooser that does not repeat tests more.
  const prompt = Int32Array.of(1, 2, 3);
  const choose: GenerationRequest['choose'] = (logits, index) =>
    likeliest(logits.map((x, id) => (id % 7 === index % 7 ? x : -Infinity)));

  it('equals recomputation token by token', async () => {
    const tokens = await all(engine, { prompt, tokens: 4, choose });
    let ids = prompt;
    for (const [index, { id }] of tokens.entries()) {
      const logits = await engine.logits({ ids, sequences: 1, length: ids.length });
      expect(id).toBe(choose(logits.subarray(-engine.vocab), index));
      ids = Int32Array.of(...ids, id);
    }
  });

  it('may exceed the smallest cache, and ends at a stop token', async () => {
    const tokens = await all(engine, { prompt, tokens: 80, choose });
    const ids = Int32Array.of(...prompt, ...tokens.map((t) => t.id));
    const want = await whole(engine, ids);
    tokens.forEach((t, i) =>
      expect(t.logProbability).toBeCloseTo(elementAt(want, i + 2).logProbability, 3),
    );
    const third = elementAt(tokens, 2).id;
    const ended = await all(engine, { prompt, tokens: 40, choose, stop: [third] });
    expect(ended.map((t) => t.id)).toEqual(
      tokens.slice(0, tokens.findIndex((t) => t.id === third) + 1).map((t) => t.id),
    );
  });

  it('can be stopped early while other calls run', async () => {
    const alone = await all(engine, { prompt, tokens: 5, choose });
    const side = [];
    for await (const token of engine.generate({ prompt, tokens: 40, choose })) {
      side.push(token);
      await engine.evaluate({
        ids: Int32Array.from({ length: 6 }, (_, i) => i),
        sequences: 1,
        length: 6,
      });
      if (side.length === 5) break;
    }
    expect(side).toEqual(alone);
  });

  it('is refused if its prompt is empty, outside the vocabulary or too large for the memory', async () => {
    await expect(all(engine, { prompt: new Int32Array(0), tokens: 1 })).rejects.toMatchObject({
      code: 'bad-text',
    });
    await expect(all(engine, { prompt: Int32Array.of(99), tokens: 1 })).rejects.toMatchObject({
      code: 'bad-text',
    });
    await expect(all(engine, { prompt, tokens: 10_000 })).rejects.toMatchObject({
      code: 'too-large',
    });
  });

  it("has a cache of the next power of two, within the model's positions", () => {
    expect([1, 64, 65, 300].map((n) => capacityFor(n, Infinity))).toEqual([64, 64, 128, 512]);
    expect([capacityFor(5, 40), capacityFor(100, 100)]).toEqual([40, 100]);
  });
});
