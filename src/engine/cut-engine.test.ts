/**
 * The engine on tiny models, against whole forward passes of the original export and against
 * itself. On WebGPU: `webgpu.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementAt } from '../checked.ts';
import { compile } from '../compiler/index.ts';
import type { CompiledModel } from '../compiler/compiled.ts';
import type { Graph } from '../onnx/graph.ts';
import { readGraph } from '../onnx/read.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { cappedDecoderGraph, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { createEngine } from './cut-engine.ts';
import type { CleanPass, Engine, TokenBatch } from './engine.ts';
import type { Ort } from './backends/ort.ts';
import { cpuBackend } from './backends/test-backends.ts';
import { naiveDisagreement } from './probe/test-naive.ts';
import { apart, batchOf, probesOf } from './probe/test-probes.ts';

const BUDGET = 500e6;
const ort = (await import('onnxruntime-web')) as unknown as Ort;

async function shared(file: string): Promise<Graph> {
  const path = fixturePath('exports', file);
  return readGraph(readFileSync(path), {
    file,
    external: (name) => readFileSync(`${dirname(path)}/${name}`),
  });
}

const models: [string, () => Promise<Graph> | Graph][] = [
  ['float32 decoder', () => tinyDecoderGraph()],
  ['4-bit decoder', () => tinyDecoderGraph({ weights: 'q4' })],
  ['decoder with soft-capped logits', cappedDecoderGraph],
  ['tiny llama, float32', () => shared('llama/onnx/model.onnx')],
  ['tiny qwen2 (bias), 4 bits', () => shared('qwen2/onnx/model_q4.onnx')],
  ['tiny gpt2 (Conv1D)', () => shared('gpt2/onnx/model.onnx')],
  ['tiny llama, GenAI, packed qkv', () => shared('llama-genai-int4-cpu/model.onnx')],
];

describe.each(models)('%s on WASM', (_, load) => {
  let graph: Graph;
  let model: CompiledModel;
  let engine: Engine;
  let pass: CleanPass;
  beforeAll(async () => {
    graph = await load();
    model = compile(graph);
    engine = createEngine({ model, backend: await cpuBackend(), memoryBudgetBytes: BUDGET });
    pass = await engine.cleanPass(batchOf(model.vocab));
  });
  afterAll(() => engine.dispose());

  it('measures the distances of whole forward passes with W + N', { timeout: 60_000 }, async () => {
    for (let layer = 0; layer < model.layers; layer++) {
      for (const change of [{}, { b: null, bias: true }]) {
        // Each layer and kind of probe takes another module, so that the models together cover all
        // roles.
        const all = probesOf(engine, layer, change);
        const probes = [elementAt(all, (2 * layer + (change.bias ? 3 : 1)) % all.length)];
        const got = await engine.disagreement(pass, probes);
        const want: number[] = [];
        for (const probe of probes)
          want.push(await naiveDisagreement({ ort, graph, model, probe, batch: pass.batch }));
        expect(apart(got, want)).toBeLessThan(1e-3);
      }
    }
  });

  it('gives the same numbers when repeated and in any batches', async () => {
    const probes = [...probesOf(engine, 0), ...probesOf(engine, 0, { b: null })];
    const whole = await engine.disagreement(pass, probes);
    expect(await engine.disagreement(pass, probes)).toEqual(whole);
    for (const [i, probe] of probes.entries()) {
      if (i % 3 === 0)
        expect(apart(await engine.disagreement(pass, [probe]), [whole[i]!])).toBeLessThan(1e-5);
    }
    // Neighbouring layers in one batch, in any order and number.
    const later = Array.from({ length: model.layers - 1 }, (_, l) =>
      probesOf(engine, l + 1).slice(l % 2),
    );
    const alone: number[] = [];
    for (const own of later) alone.push(...(await engine.disagreement(pass, own)));
    const mixed = [...later.flat(), ...probes].reverse();
    const together = [...(await engine.disagreement(pass, mixed))].reverse();
    expect(apart(together, [...alone, ...whole])).toBeLessThan(1e-5);
  });
});

describe('the engine on a small decoder', () => {
  const model = compile(tinyDecoderGraph({ weights: 'q4' }));
  let engine: Engine;
  let pass: CleanPass;
  beforeAll(async () => {
    engine = createEngine({ model, backend: await cpuBackend(), memoryBudgetBytes: BUDGET });
    pass = await engine.cleanPass(batchOf(model.vocab));
  });
  afterAll(() => engine.dispose());

  it('splits batches by memory without changing the numbers', async () => {
    const backend = await cpuBackend();
    const narrow = createEngine({
      model,
      backend: Object.assign(backend, { fullRows: 20 }),
      memoryBudgetBytes: BUDGET,
    });
    const narrowPass = await narrow.cleanPass(pass.batch);
    const probes = [...probesOf(engine, 0), ...probesOf(engine, 0, { b: null })];
    expect(
      apart(await narrow.disagreement(narrowPass, probes), await engine.disagreement(pass, probes)),
    ).toBeLessThan(1e-5);
    await narrow.dispose();
  });

  it('computes the mean cross entropy of its logits', async () => {
    const { ids, sequences, length } = pass.batch;
    const logits = await engine.logits(pass.batch);
    let loss = 0;
    for (let s = 0; s < sequences; s++) {
      for (let t = 0; t + 1 < length; t++) {
        const row = Array.from(
          logits.subarray((s * length + t) * model.vocab, (s * length + t + 1) * model.vocab),
        );
        loss +=
          Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[ids[s * length + t + 1]!]!;
      }
    }
    expect(pass.loss).toBeCloseTo(loss / (sequences * (length - 1)), 5);
  });

  it('samples the vocabulary: exact with all tokens, close and reproducible with a part', async () => {
    const probes = probesOf(engine, 1);
    const whole = await engine.disagreement(pass, probes);
    expect(await engine.disagreement(pass, probes, { size: model.vocab, seed: 1 })).toEqual(whole);
    const mean = new Float64Array(probes.length);
    for (let seed = 0; seed < 8; seed++)
      (await engine.disagreement(pass, probes, { size: 24, seed })).forEach((v, i) => {
        mean[i]! += v / 8;
      });
    expect(apart(mean, whole)).toBeLessThan(0.1);
  });

  it('explains one probe with the same value as its measurement', async () => {
    const probe = elementAt(probesOf(engine, 0), 2);
    const detail = await engine.explain(pass, probe);
    expect(detail.value).toBeCloseTo((await engine.disagreement(pass, [probe]))[0]!, 3);
    expect(detail.weights).toEqual(engine.materialiseWeight(probe.module).slice(0, 8));
    expect(detail.noiseA).not.toEqual(detail.noiseB);
    expect(detail.tokens.map((t) => t.clean)).toEqual(
      detail.tokens.map((t) => t.clean).sort((x, y) => y - x),
    );
    const { vocab } = model;
    const clean = (await engine.logits(pass.batch)).subarray(4 * vocab, 5 * vocab);
    expect(elementAt(detail.tokens, 0).clean).toBeCloseTo(Math.max(...clean), 4);
    expect(detail.restCount + detail.tokens.length).toBe(vocab);
    const notebook = await engine.explain(pass, { ...probe, b: null });
    expect(notebook.noiseB).toHaveLength(0);
    expect(notebook.tokens.map((t) => t.b)).toEqual(notebook.tokens.map((t) => t.clean));
  });

  it('refuses invalid tokens, too little memory, and calls after dispose', async () => {
    const refuse = (batch: TokenBatch) => expect(engine.cleanPass(batch)).rejects;
    await refuse({ ids: Int32Array.of(1, 2, 3), sequences: 2, length: 2 }).toMatchObject({
      code: 'bad-text',
    });
    await refuse({ ids: Int32Array.of(1, model.vocab), sequences: 1, length: 2 }).toMatchObject({
      code: 'bad-text',
    });
    await refuse({ ids: Int32Array.of(1, -1), sequences: 1, length: 2 }).toMatchObject({
      code: 'bad-text',
    });
    const backend = await cpuBackend();
    expect(() => createEngine({ model, backend, memoryBudgetBytes: 1000 })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    const tight = createEngine({ model, backend, memoryBudgetBytes: 45_000 });
    const probes = probesOf(tight, 0);
    await expect(
      tight.cleanPass(batchOf(model.vocab, 40, 20)).then((p) => tight.disagreement(p, probes)),
    ).rejects.toMatchObject({ code: 'too-large' });
    await tight.dispose();
    await expect(tight.cleanPass(pass.batch)).rejects.toMatchObject({ code: 'disposed' });
  });
});
