/**
 * Gradient statistics on tiny models, against Jacobians computed logit by logit and gradients
 * formed as a whole. WebGPU: `webgpu.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementAt } from '../../checked.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { fillSigns } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';
import { weightBytes } from '../../model/memory.ts';
import { dequantise } from '../../model/weights.ts';
import type { Graph } from '../../onnx/graph.ts';
import { readGraph } from '../../onnx/read.ts';
import { createEngine, type CutEngine } from '../cut-engine.ts';
import type { CleanPass, TokenBatch } from '../engine.ts';
import { readTaps, weightGradient } from './host-gradients.ts';
import { LogitSigns } from './logit-signs.ts';
import { Network } from '../pieces/network.ts';
import { Pieces } from '../pieces/pieces.ts';
import { heads } from '../backends/test-backend-suite.ts';
import { cpuBackend } from '../backends/test-backends.ts';
import { apart, batchOf } from '../probe/test-probes.ts';
import { VocabularyChunks } from '../head/vocabulary-chunks.ts';

const backend = await cpuBackend();
const squared = (x: ArrayLike<number>) => Array.from(x).reduce((sum, v) => sum + v * v, 0);
const signs = (draw: number, vocab: number, row: number) =>
  fillSigns(keysOf(1, 'logitSigns', draw), new Float32Array(vocab), row * vocab);

describe('random signs of the logits', () => {
  it.each(
    [...heads(64), ...heads(40)].map(
      ([name, head]) => [`${name}, hidden ${head.hidden}`, head] as const,
    ),
  )('are propagated back through a %s head', async (_, head) => {
    const { vocab, hidden } = head;
    const batch: TokenBatch = { ids: new Int32Array(6), sequences: 2, length: 3 };
    const w = dequantise({
      ...head,
      rowOffset: 0,
      rows: vocab,
      inFeatures: hidden,
      outFeatures: vocab,
    });
    // Chunks of 48 tokens: three chunks, the last one smaller.
    const chunks = new VocabularyChunks(backend, head, 48);
    const made = new LogitSigns(backend, chunks);
    const dh = await made.gradient(batch, [
      { seed: 1, draw: 4 },
      { seed: 1, draw: 5, position: 1 },
    ]);
    const got = await backend.read(dh);
    expect(dh.dims).toEqual([4, 3, hidden]);
    const want = new Float32Array(got.length);
    for (const [entry, draw, rows] of [
      [0, 4, [0, 1, 2, 3, 4, 5]],
      [1, 5, [1, 4]],
    ] as const) {
      for (const r of rows)
        signs(draw, vocab, r).forEach((u, v) => {
          for (let k = 0; k < hidden; k++)
            want[(entry * 6 + r) * hidden + k]! += u * w[v * hidden + k]!;
        });
    }
    const largest = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    got.forEach((v, i) => expect(Math.abs(v - want[i]!)).toBeLessThan(1e-5 * largest));
    await made.dispose();
    chunks.dispose();
  });
});

describe.each(['float32', 'q4'] as const)('the Jacobian norm of a tiny %s decoder', (weights) => {
  let model: CompiledModel;
  let engine: CutEngine;
  let pass: CleanPass;
  /**
   * The Jacobian of every logit for every module, [position · vocab + token][module], for a batch
   * of one sequence.
   */
  let jacobians: Float32Array[][];
  const batch = batchOf(48, 1, 4);
  beforeAll(async () => {
    model = compile(tinyDecoderGraph({ weights }), { uint4: backend.takesUint4 });
    engine = createEngine({ model, backend, memoryBudgetBytes: 500e6 });
    pass = await engine.cleanPass(batch);
    jacobians = await logitJacobians(model, batch);
  });

  it('is the norm of the signed sum of the logits’ Jacobians, in any batch', async () => {
    const draws = [
      { seed: 1, draw: 0 },
      { seed: 1, draw: 1 },
      { seed: 1, draw: 2, position: 2 },
    ];
    const count = model.modules.length;
    const got = await engine.jacobianNorms(pass, draws);
    const want = draws.flatMap(({ draw, position }) =>
      model.modules.map((_, m) => {
        const sum = new Float64Array(elementAt(elementAt(jacobians, 0), m).length);
        for (let row = 0; row < 4; row++) {
          if (position !== undefined && row !== position) continue;
          signs(draw, model.vocab, row).forEach((u, v) =>
            elementAt(elementAt(jacobians, row * model.vocab + v), m).forEach((g, i) => {
              sum[i]! += u * g;
            }),
          );
        }
        return squared(sum);
      }),
    );
    expect(apart(got, want)).toBeLessThan(1e-4);
    expect(
      apart(await engine.jacobianNorms(pass, [elementAt(draws, 1)]), got.slice(count, 2 * count)),
    ).toBeLessThan(1e-5);
  });

  it('has the mean Σ‖∂logit/∂W‖² over signs', async () => {
    const draws = 200;
    const count = model.modules.length;
    const got = await engine.jacobianNorms(
      pass,
      Array.from({ length: draws }, (_, draw) => ({ seed: 2, draw })),
    );
    for (let m = 0; m < count; m++) {
      const values = Array.from({ length: draws }, (_, d) => got[d * count + m]!);
      const mean = values.reduce((a, b) => a + b, 0) / draws;
      const error = Math.sqrt(
        values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (draws - 1) / draws,
      );
      const want = jacobians.reduce((sum, of) => sum + squared(elementAt(of, m)), 0);
      expect(Math.abs(mean - want), elementAt(model.modules, m).path).toBeLessThan(4 * error);
      expect(error).toBeLessThan(0.1 * want);
    }
  });

  it('is separate for each sequence, within bounded memory', async () => {
    const ids = batchOf(48, 2, 4).ids;
    const two = await engine.cleanPass({ ids, sequences: 2, length: 4 });
    const first = await engine.cleanPass({ ids: ids.slice(0, 4), sequences: 1, length: 4 });
    const both = await engine.jacobianNorms(two, [{ seed: 3, draw: 0 }]);
    const alone = await engine.jacobianNorms(first, [{ seed: 3, draw: 0 }]);
    expect(
      apart(
        both.filter((_, i) => i % 2 === 0),
        alone,
      ),
    ).toBeLessThan(1e-5);
    const small = createEngine({
      model,
      backend: await cpuBackend(),
      memoryBudgetBytes: weightBytes(model) + 15e3,
    });
    const there = await small.cleanPass(batch);
    await expect(small.jacobianNorms(there, [{ seed: 1, draw: 0 }])).rejects.toMatchObject({
      code: 'too-large',
    });
    await small.dispose();
  });
});

const files: [string, () => Promise<Graph> | Graph][] = [
  ['tiny 4-bit decoder', () => tinyDecoderGraph({ weights: 'q4' })],
  ['tiny llama, GenAI, packed qkv', () => shared('llama-genai-int4-cpu/model.onnx')],
  ['tiny gpt2 (Conv1D, packed)', () => shared('gpt2/onnx/model.onnx')],
];

describe.each(files)('sums over the gradient of the loss, %s', (_, load) => {
  it('equal those of fully formed gradients', async () => {
    const model = compile(await load(), { uint4: backend.takesUint4 });
    const engine = createEngine({
      model,
      backend: await cpuBackend(),
      memoryBudgetBytes: 500e6,
    });
    const batch = batchOf(model.vocab, 2, 5);
    const norm: number[] = [];
    const sum: number[] = [];
    const squares: number[] = [];
    const fisher: number[] = [];
    const loss: number[] = [];
    loss.push(
      await engine.gradients(batch, {
        weight: (m, g) => {
          const w = engine.materialiseWeight(m);
          const wg = g.map((v, i) => v * w[i]!);
          norm[m] = squared(g);
          sum[m] = wg.reduce((s, v) => s + Math.abs(v), 0);
          squares[m] = squared(wg);
        },
      }),
    );
    loss.push(
      await engine.gradientTaps(batch, (m, x, dy) => {
        const { inFeatures, outFeatures } = elementAt(model.modules, m);
        fisher[m] = 0;
        for (let t = 0; t < 10; t++)
          fisher[m]! +=
            squared(x.subarray(t * inFeatures, (t + 1) * inFeatures)) *
            squared(dy.subarray(t * outFeatures, (t + 1) * outFeatures));
      }),
    );
    const sums = await engine.gradientSums(batch);
    const weighted = await engine.weightedGradientSums(batch);
    loss.push(sums.loss, weighted.loss);
    expect(new Set(loss).size).toBe(1);
    expect(apart(sums.squaredNorm, norm)).toBeLessThan(1e-4);
    expect(apart(sums.fisher, fisher)).toBeLessThan(1e-4);
    expect(apart(weighted.sum, sum)).toBeLessThan(1e-4);
    expect(apart(weighted.squares, squares)).toBeLessThan(1e-4);
    await engine.dispose();
  });
});

afterAll(() => backend.dispose());

/** One backward pass per logit. Its gradient at the head's input is its token's row of W. */
async function logitJacobians(model: CompiledModel, batch: TokenBatch): Promise<Float32Array[][]> {
  const { vocab, head, modules } = model;
  const { length } = batch;
  const pieces = new Pieces(model, backend);
  const network = new Network(model, backend, pieces);
  const w = dequantise({
    ...head,
    bias: null,
    rowOffset: 0,
    rows: vocab,
    inFeatures: head.hidden,
    outFeatures: vocab,
  });
  const stream = (await network.forward(batch)).map((x) => backend.repeat(x, vocab));
  const all = { ids: batch.ids, sequences: vocab, length };
  const out = Array.from({ length: length * vocab }, () => new Array<Float32Array>(modules.length));
  for (let row = 0; row < length; row++) {
    const dh = new Float32Array(vocab * length * head.hidden);
    for (let v = 0; v < vocab; v++)
      dh.set(w.subarray(v * head.hidden, (v + 1) * head.hidden), (v * length + row) * head.hidden);
    const dy = await pieces.head(
      { batch: vocab, length },
      'normBackward',
      elementAt(stream, -1),
      new Map([
        ['dh', backend.upload('float32', [vocab, length, head.hidden], new Uint8Array(dh.buffer))],
      ]),
    );
    await network.backward(all, stream, { dy }, (layer, gradients) =>
      readTaps(backend, model, { layer, gradients }, (m, x, dy) => {
        const { inFeatures, outFeatures } = elementAt(modules, m);
        const part = (a: Float32Array, width: number, v: number) =>
          a.subarray(v * length * width, (v + 1) * length * width);
        for (let v = 0; v < vocab; v++)
          elementAt(out, row * vocab + v)[m] = weightGradient(
            part(x, inFeatures, v),
            part(dy, outFeatures, v),
            elementAt(modules, m),
          );
      }),
    );
  }
  await pieces.dispose();
  return out;
}

async function shared(file: string): Promise<Graph> {
  const path = fixturePath('exports', file);
  return readGraph(readFileSync(path), {
    file,
    external: (name) => readFileSync(`${dirname(path)}/${name}`),
  });
}
