/**
 * Adapted and backward pieces of the built-in tiny decoder and the bundled model: inputs, outputs
 * and gradients.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import {
  savedError,
  observedError,
  randomAdapters,
  slopeError,
  step,
  weightGradient,
} from '../../test/gradient-step.ts';
import { difference, readModel, runPiece, type Result, type Tokens } from '../../test/pipeline.ts';
import { tiny, tinyDecoder, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import { compile } from './index.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const open = async (weights: 'float32' | 'q4') =>
  compile(await readGraph(tinyDecoder({ weights }), { file: 'tiny.onnx' }));
const random = (stream: number, dims: number[]): Result => ({
  dims,
  data: fillNormal(
    streamKeys(4, stream, 0),
    new Float32Array(dims.reduce((n, d) => n * d, 1)),
    0,
    1,
  ),
});
const tokens: Tokens = {
  ids: Array.from({ length: 12 }, (_, i) => (i * 11) % tiny.vocab),
  batch: 2,
  length: 6,
};

describe.each(['float32', 'q4'] as const)('%s weights', (weights) => {
  test('gradients match central differences, also for one token', async () => {
    const model = await open(weights);
    for (const [layer, batch, length, adapted] of [
      [0, 2, 5, false],
      [1, 2, 5, true],
      [0, 1, 1, false],
      [0, 1, 1, true],
    ] as const) {
      expect(await slopeError({ model, layer, batch, length, adapted })).toBeLessThan(1e-3);
    }
  });

  test('pieces list activations, then adapters; layers share one graph with symbolic ranks', async () => {
    const model = await open(weights);
    const [a, b] = await Promise.all([0, 1].map((l) => model.block(l, 2, 5, 'adaptedBackward')));
    const { sites } = elementAt(model.blocks, 0);
    const adapters = sites.flatMap((s) => s.modules.flatMap((m) => [m.loraA, m.loraB, m.scale]));
    expect(adapters.slice(0, 6)).toEqual([
      'loraA0',
      'loraB0',
      'scale0',
      'loraA1',
      'loraB1',
      'scale1',
    ]);
    expect(defined(a).inputs).toEqual(['x', 'dy', ...adapters]);
    expect((await model.block(0, 2, 5, 'adapted')).inputs).toEqual(['x', ...adapters]);
    expect(defined(a).outputs).toEqual([
      'dx',
      ...new Set(sites.map((s) => s.tap)),
      ...sites.map((s) => s.grad),
    ]);
    expect((await model.block(0, 2, 5, 'backward')).inputs).toEqual(['x', 'dy']);
    expect(defined(a).model).toBe(defined(b).model);
    expect([...defined(a).weights.keys()]).toEqual([...defined(b).weights.keys()]);
    const written = await readGraph(defined(a).model, { file: 'piece' });
    expect(defined(written.inputs.find((i) => i.name === 'loraA3')).dims).toEqual(['rank3', 32]);
    expect(defined(written.inputs.find((i) => i.name === 'loraB5')).dims).toEqual(['rank5', 64]);
  });

  test('saved activations give the same gradients as recomputation, also of the adapters', async () => {
    const model = await open(weights);
    for (const [layer, batch, length] of [
      [0, 2, 5],
      [1, 3, 1],
    ] as const)
      expect(await savedError(model, layer, batch, length)).toBeLessThan(1e-5);
    const [a, b] = await Promise.all([0, 1].map((l) => model.block(l, 2, 5, 'saved')));
    const back = await model.block(0, 2, 5, 'adapterBackward');
    const saved = defined(a).outputs.slice(1);
    expect(defined(a).model).toBe(defined(b).model);
    expect(back.inputs.slice(-saved.length)).toEqual(saved);
    expect(back.outputs).toEqual([
      'dx',
      ...elementAt(model.blocks, 0).sites.flatMap((s) =>
        s.modules.flatMap((m) => [m.gradA, m.gradB]),
      ),
    ]);
    // The backward graph contains no product or softmax of the forward pass, only five products per
    // module and four of attention.
    const ops = (await readGraph(back.model, { file: 'piece' })).nodes.map((n) => n.op);
    expect(ops.filter((op) => op === 'Softmax')).toEqual([]);
    expect(ops.filter((op) => op === 'Gemm' || op === 'MatMul').length).toBe(7 * 5 + 4);
  });

  test('the observed piece returns every product without its bias', async () => {
    expect(await observedError(await open(weights), 1, 2, 5)).toBeLessThan(1e-5);
  });

  test('adapters of zeros give the plain layer, with the taps of the tapped variant', async () => {
    const model = await open(weights);
    const x = random(1, [2, 5, tiny.hidden]);
    const dy = random(2, [2, 5, tiny.hidden]);
    const zeros = randomAdapters(model, 0).map((a, i) =>
      i % 3 === 1 ? { ...a, data: new Float32Array(a.data.length) } : a,
    );
    const plain = await runPiece(model.block(0, 2, 5, 'tapped'), [x]);
    const adapted = await runPiece(await model.block(0, 2, 5, 'adapted'), [x, ...zeros]);
    expect(difference(defined(plain.y).data, defined(adapted.y).data)).toBeLessThan(1e-6);
    const [alone, through] = [
      await runPiece(await model.block(0, 2, 5, 'backward'), [x, dy]),
      await runPiece(await model.block(0, 2, 5, 'adaptedBackward'), [x, dy, ...zeros]),
    ];
    for (const name of (await model.block(0, 2, 5, 'backward')).outputs)
      expect(difference(defined(alone[name]).data, defined(through[name]).data)).toBeLessThan(1e-5);
    for (const { tap } of elementAt(model.blocks, 0).sites)
      expect(difference(defined(plain[tap]).data, defined(alone[tap]).data)).toBeLessThan(1e-5);
  });
});

test('packed weights are bound in place', async () => {
  const model = await open('q4');
  const plain = [...model.block(0, 2, 5, 'plain').weights.values()];
  const own = [...(await model.block(0, 2, 5, 'backward')).weights.values()];
  const packed = own.filter((w) => w.type === 'uint4');
  expect(packed.map((w) => w.dims)).toEqual(
    expect.arrayContaining([
      [32, 32],
      [16, 32],
      [64, 32],
      [32, 64],
    ]),
  );
  for (const w of packed)
    expect(w.bytes).toBe(defined(plain.find((p) => p.name === w.viewOf)).bytes);
  expect(new Set(own.map((w) => w.viewOf ?? w.name))).toEqual(new Set(plain.map((w) => w.name)));
});

test('the loss falls along the gradient of a weight as the gradient predicts', async () => {
  const graph = await readGraph(tinyDecoder(), { file: 'tiny.onnx' });
  const model = compile(graph);
  const module = 9;
  const { path, inFeatures, outFeatures } = elementAt(model.modules, module);
  const G = weightGradient(model, await step(model, tokens), module);
  const along = random(3, [outFeatures, inFeatures]).data;
  const lossAt = async (h: number): Promise<number> => {
    // Stored [in, out].
    const name = `onnx::MatMul_${path}`;
    const w = defined(graph.initialisers.get(name));
    const data = new Float32Array(new Uint8Array(w.bytes).buffer);
    along.forEach((v, at) => {
      data[(at % inFeatures) * outFeatures + Math.floor(at / inFeatures)]! += h * v;
    });
    const moved = {
      ...graph,
      initialisers: new Map(graph.initialisers).set(name, {
        ...w,
        bytes: new Uint8Array(data.buffer),
      }),
    };
    return (await step(compile(moved), tokens)).loss;
  };
  const measured = ((await lossAt(5e-3)) - (await lossAt(-5e-3))) / 1e-2;
  const length = Math.hypot(...G);
  expect(length).toBeGreaterThan(0.01);
  expect(Math.abs(measured - G.reduce((sum, g, i) => sum + g * along[i]!, 0))).toBeLessThan(
    2e-3 * length,
  );
});

test('gradients of the bundled model match central differences', async () => {
  const model = compile(
    await readModel(
      fileURLToPath(new URL('../../public/models/atlas-3m/onnx/model_q4.onnx', import.meta.url)),
    ),
  );
  for (const [layer, adapted] of [
    [0, false],
    [3, true],
  ] as const)
    expect(await slopeError({ model, layer, batch: 1, length: 8, adapted })).toBeLessThan(1e-3);
  expect(await savedError(model, 3, 2, 8)).toBeLessThan(1e-5);
});

test('an operator without a gradient is refused only in backward pieces', async () => {
  const graph = tinyDecoderGraph();
  const act = defined(graph.nodes.find((n) => n.op === 'Sigmoid'));
  const axis = {
    name: 'running',
    type: 'int64' as const,
    dims: [],
    bytes: new Uint8Array(BigInt64Array.of(2n).buffer),
  };
  const summed = {
    ...act,
    name: '/model/layers.0/mlp/CumSum',
    op: 'CumSum',
    inputs: [elementAt(act.inputs, 0), 'running'],
  };
  const changed = {
    ...graph,
    nodes: graph.nodes.map((n) => (n === act ? summed : n)),
    initialisers: new Map(graph.initialisers).set('running', axis),
  };
  const model = compile(await readGraph(writeGraph(changed), { file: 'tiny.onnx' }));
  expect((await model.block(0, 2, 5, 'adapted')).outputs).toEqual(['y']);
  await expect(model.block(0, 2, 5, 'backward')).rejects.toThrow(
    'the gradient of node "/model/layers.0/mlp/CumSum" uses "CumSum"',
  );
});
