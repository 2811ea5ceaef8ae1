/**
 * Compares every gradient rule with central differences in onnxruntime. All operators are in one
 * graph, each with its own inputs.
 */
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import '../../../test/pipeline.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import type { Attribute } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';
import { Builder, constantValue } from '../builder.ts';
import { uniform } from '../fold/constant.ts';
import { planPiece, type PieceRequest } from '../pieces.ts';
import { count, type ComputedValue, type Value } from '../value.ts';
import { differentiate, gradientRules } from './index.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const b = new Builder('a.onnx', 1, 1);

/** An input with a gradient: standard normal values, or positive ones. */
interface Active {
  dims: readonly number[];
  positive: boolean;
}
type Given = Active | Value | null;
const x = (...dims: number[]): Active => ({ dims, positive: false });
const positive = (...dims: number[]): Active => ({ dims, positive: true });
const isActive = (g: Given): g is Active => g !== null && 'positive' in g;

const list = (...values: number[]) => b.integers(values);
const f = (value: number) => b.scalar(value);
const ramp = (...dims: number[]): Value =>
  constantValue({
    type: 'float32',
    dims,
    stored: dims,
    data: Float32Array.from({ length: count(dims) }, (_, i) => ((i * 7) % 11) / 4 - 1.2),
  });
const mask = (...dims: number[]): Value =>
  constantValue({
    type: 'bool',
    dims,
    stored: dims,
    data: Uint8Array.from({ length: count(dims) }, (_, i) => ((i * 5) % 3) & 1),
  });
const int = (value: number): Attribute => ({ type: 'int', value });
const float = (value: number): Attribute => ({ type: 'float', value });
const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
const text = (value: string): Attribute => ({ type: 'string', value });
const last = { axis: int(-1) };

type Case = [op: string, inputs: Given[], attributes?: Record<string, Attribute>, outputs?: number];

const cases: Case[] = [
  ['Add', [x(2, 3), x(3)]],
  ['Add', [x(2, 1, 3), x(4, 1)]],
  ['Sub', [x(2, 3), x(2, 1)]],
  ['Mul', [x(2, 3), x(1, 3)]],
  ['Mul', [x(3), ramp(2, 3)]],
  ['Div', [x(2, 3), positive(3)]],
  ['Div', [f(1), positive(4)]],
  ['Pow', [x(5), f(2)]],
  ['Pow', [x(5), f(3)]],
  ['Pow', [positive(5), f(0.5)]],
  ['Pow', [positive(5), f(-1)]],
  ['Pow', [positive(5), f(1.7)]],
  ['Pow', [x(5), f(4)]],
  ['Pow', [x(5), f(1)]],
  ['Max', [x(2, 6), x(6)]],
  ['Min', [x(2, 6), x(6)]],
  ['Clip', [x(9), f(-0.5), f(0.7)]],
  ['Where', [mask(2, 3), x(2, 3), x(3)]],
  ['Where', [mask(3), f(-2), x(2, 3)]],
  ['Cast', [x(4)], { to: int(11) }],
  ...[
    'Neg',
    'Abs',
    'Exp',
    'Sin',
    'Cos',
    'Tanh',
    'Erf',
    'Sigmoid',
    'Softplus',
    'Relu',
    'LeakyRelu',
    'Elu',
    'HardSigmoid',
    'HardSwish',
    'Mish',
    'Gelu',
    'com.microsoft::Gelu',
    'com.microsoft::QuickGelu',
    'com.microsoft::FastGelu',
    'Floor',
    'Ceil',
    'Sign',
  ].map((op): Case => [op, [x(12)]]),
  ...['Sqrt', 'Log', 'Reciprocal'].map((op): Case => [op, [positive(6)]]),
  ['Gelu', [x(9)], { approximate: text('tanh') }],
  ['com.microsoft::FastGelu', [x(2, 4), ramp(4)]],
  ['com.microsoft::BiasGelu', [x(2, 4), ramp(4)]],
  ['LeakyRelu', [x(8)], { alpha: float(0.3) }],
  ['Elu', [x(8)], { alpha: float(0.5) }],
  ['HardSigmoid', [x(8)], { alpha: float(0.3) }],
  ['com.microsoft::QuickGelu', [x(8)], { alpha: float(1) }],
  ['MatMul', [x(2, 3), x(3, 4)]],
  ['MatMul', [x(2, 3, 4), x(4, 2)]],
  ['MatMul', [x(2, 3, 2, 4), x(2, 1, 4, 3)]],
  ['MatMul', [x(3, 4), x(2, 4, 2)]],
  ...[0, 1].flatMap((tA) =>
    [0, 1].map((tB): Case => [
      'Gemm',
      [tA ? x(3, 2) : x(2, 3), tB ? x(4, 3) : x(3, 4), x(4)],
      { transA: int(tA), transB: int(tB), alpha: float(0.7), beta: float(1.3) },
    ]),
  ),
  ['Gemm', [x(2, 3), x(3, 4)]],
  ['ReduceSum', [x(2, 3, 4), list(1)], { keepdims: int(0) }],
  ['ReduceSum', [x(2, 3)]],
  ['ReduceMean', [x(2, 3, 4), list(0, -1)]],
  ['ReduceMax', [x(3, 5), list(-1)]],
  ['ReduceMin', [x(3, 5), list(0)], { keepdims: int(0) }],
  ['Softmax', [x(3, 5)], last],
  ['Softmax', [x(3, 5, 2)], { axis: int(1) }],
  ['LogSoftmax', [x(3, 5)], last],
  [
    'SimplifiedLayerNormalization',
    [x(3, 6), ramp(6)],
    { ...last, epsilon: float(1e-3), stash_type: int(1) },
  ],
  ['LayerNormalization', [x(3, 6), ramp(6), ramp(6)], { ...last, epsilon: float(1e-3) }],
  ['LayerNormalization', [x(2, 3, 4), ramp(3, 4)], { axis: int(1) }],
  ['Reshape', [x(2, 6), list(3, 4)]],
  ['Unsqueeze', [x(2, 3), list(1)]],
  ['Squeeze', [x(2, 1, 3), list(1)]],
  ['Flatten', [x(2, 3, 2)], { axis: int(2) }],
  ['Transpose', [x(2, 3, 4)], { perm: ints(1, 2, 0) }],
  ['Expand', [x(3, 1), list(2, 1, 4)]],
  ['Tile', [x(2, 3), list(2, 2)]],
  ['Concat', [x(2, 3), ramp(2, 1), x(2, 2)], { axis: int(1) }],
  ['Split', [x(2, 6), list(1, 3, 2)], { axis: int(-1) }, 3],
  ['Slice', [x(4, 5), list(1, 0), list(3, 4), list(0, 1)]],
  ['Slice', [x(3, 7), list(1), list(7), list(1), list(2)]],
  ['Slice', [x(6), list(-1), list(-7), list(0), list(-1)]],
  ['Gather', [x(2, 4), list(3, 2, 1, 0)], { axis: int(1) }],
  [
    'Gather',
    [x(4, 3), constantValue({ type: 'int64', dims: [], stored: [], data: Float64Array.of(-2) })],
  ],
  [
    'Gather',
    [
      x(5, 2),
      constantValue({
        type: 'int64',
        dims: [2, 3],
        stored: [2, 3],
        data: Float64Array.of(0, 2, 2, 4, 2, 0),
      }),
    ],
  ],
  ['Trilu', [x(4, 4)], { upper: int(0) }],
];

interface Built {
  inputs: { name: string; dims: readonly number[]; positive: boolean; index: number }[];
  outputs: string[];
  size: number;
}

/** Omits the second output of Split: its gradient must be zero. */
const used = (op: string, outputs: number): number[] =>
  Array.from({ length: outputs }, (_, i) => i).filter((i) => op !== 'Split' || i !== 1);

let built: Built[] = [];
let forward: Uint8Array;
let backward: Uint8Array;

/** Writes the forward and the backward passes of all cases, each as one model. */
function build(): void {
  const into: PieceRequest['inputs'][number][] = [];
  const seeds: PieceRequest['inputs'][number][] = [];
  const outputs: PieceRequest['outputs'][number][] = [];
  const gradients: PieceRequest['outputs'][number][] = [];
  built = cases.map(([key, given, attributes = {}, n = 1], k) => {
    const [domain, op] = key.includes('::') ? (key.split('::') as [string, string]) : ['', key];
    const inputs: Built['inputs'] = [];
    const values = given.map((g, i) => {
      if (!isActive(g)) return g;
      const value = b.leaf({ type: 'float32', dims: g.dims }, false);
      const name = `x${k}.${i}`;
      inputs.push({ name, ...g, index: i });
      into.push([name, value]);
      return value;
    });
    const ys = b.build(key, op, values, { domain, attributes, outputs: n }) as ComputedValue[];
    const names = used(op, n).map((i) => `y${k}.${i}`);
    // Concatenates the outputs, so that a case has one y.
    const flat = used(op, n).map((i) => {
      const y =
        elementAt(ys, i).type === 'float64'
          ? b.one('Cast', [elementAt(ys, i)], { to: int(1) })
          : elementAt(ys, i);
      outputs.push({ name: `y${k}.${i}`, value: y, dims: y.dims });
      return b.reshape(y, [count(y.dims)]);
    });
    const y = flat.length === 1 ? elementAt(flat, 0) : b.one('Concat', flat, { axis: int(0) });
    const dy = b.leaf({ type: 'float32', dims: y.dims }, false);
    seeds.push([`dy${k}`, dy]);
    inputs.forEach(({ name, dims, index }) => {
      const value =
        differentiate({ b, x: defined(values[index]), y, dy })(defined(values[index])) ??
        constantValue(uniform('float32', dims, 0));
      gradients.push({ name: `d${name}`, value, dims });
    });
    return { inputs, outputs: names, size: count(y.dims) };
  });
  const opsets = new Map([['', 21]]);
  forward = writeGraph(planPiece({ opsets, inputs: into, outputs }).graph);
  backward = writeGraph(
    planPiece({ opsets, inputs: [...into, ...seeds], outputs: gradients }).graph,
  );
}

const normal = (stream: number, n: number) =>
  fillNormal(streamKeys(3, stream, 0), new Float32Array(n), 0, 1);

const at: Record<string, Float32Array> = {};
const along: Record<string, Float32Array> = {};
const seed: Float32Array[] = [];
let below: Record<string, ort.Tensor>;
let above: Record<string, ort.Tensor>;
let slopes: Record<string, ort.Tensor>;
const STEP = 1e-3;

beforeAll(async () => {
  build();
  built.forEach(({ inputs, size }, k) => {
    seed[k] = normal(1000 + k, size);
    inputs.forEach(({ name, dims, positive }, i) => {
      const random = normal(10 * k + i, count(dims));
      // Away from the kinks at 0 (of most cases).
      at[name] = positive
        ? random.map((v) => 0.7 + Math.abs(v))
        : random.map((v) => (Math.abs(v) < 0.05 ? v + 0.1 : v));
      along[name] = normal(10_000 + 10 * k + i, count(dims));
    });
  });
  const tensor = (data: Float32Array, dims: readonly number[]) =>
    new ort.Tensor('float32', data, [...dims]);
  const run = async (model: Uint8Array, feeds: Record<string, ort.Tensor>) => {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'basic',
    });
    const used = Object.fromEntries(session.inputNames.map((n) => [n, defined(feeds[n])]));
    const results = await session.run(used);
    await session.release();
    return results as Record<string, ort.Tensor>;
  };
  const inputs = built.flatMap((c) => c.inputs);
  const moved = (h: number) =>
    Object.fromEntries(
      inputs.map(({ name, dims }) => [
        name,
        tensor(
          defined(at[name]).map((v, i) => v + h * defined(along[name])[i]!),
          dims,
        ),
      ]),
    );
  below = await run(forward, moved(-STEP));
  above = await run(forward, moved(STEP));
  slopes = await run(backward, {
    ...moved(0),
    ...Object.fromEntries(
      built.map(({ size }, k) => [`dy${k}`, tensor(elementAt(seed, k), [size])]),
    ),
  });
});

describe('a rule matches central differences of the operator', () => {
  test.each(cases.map((c, k) => [`${c[0]} (${k})`, k] as const))('%s', (_, k) => {
    const { inputs, outputs } = elementAt(built, k);
    const dy = elementAt(seed, k);
    let measured = 0;
    let place = 0;
    for (const name of outputs) {
      const [high, low] = [
        defined(above[name]).data as Float32Array,
        defined(below[name]).data as Float32Array,
      ];
      high.forEach((v, i) => {
        measured += (dy[place++]! * (v - low[i]!)) / (2 * STEP);
      });
    }
    let predicted = 0;
    let scale = 0;
    for (const { name } of inputs) {
      (defined(slopes[`d${name}`]).data as Float32Array).forEach((g, i) => {
        predicted += g * defined(along[name])[i]!;
        scale += g * g;
      });
    }
    expect(Math.abs(measured - predicted)).toBeLessThan(2e-3 * Math.max(1, Math.sqrt(scale)));
    if (!['Floor', 'Ceil', 'Sign'].includes(elementAt(cases, k)[0]))
      expect(scale).toBeGreaterThan(0);
  });

  test('every rule is among the cases', () => {
    // The runtime has no kernel of that name below opset 23.
    const tried = new Set([...cases.map((c) => c[0]), 'RMSNormalization']);
    expect([...gradientRules.keys()].filter((op) => !tried.has(op))).toEqual([]);
  });

  test('an operator without a rule is refused by its name', () => {
    const value = b.leaf({ type: 'float32', dims: [3] }, false);
    const y = defined(b.build('/layer/CumSum', 'CumSum', [value, b.integers([0])], {})[0]);
    expect(() => differentiate({ b, x: value, y, dy: y })).toThrow(
      'the gradient of node "/layer/CumSum" uses "CumSum"',
    );
  });
});
