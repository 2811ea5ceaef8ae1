/** Compares every folded operator with onnxruntime. */
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import '../../../test/pipeline.ts';
import type { Attribute, Node, Tensor, ValueInfo } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';
import { Builder, constantValue } from '../builder.ts';
import { decode, encode, full, uniform, type Constant } from './constant.ts';
import { rules } from './index.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const f = (dims: number[], ...data: number[]): Constant => ({
  type: 'float32',
  dims,
  stored: dims,
  data: Float32Array.from(data),
});
const i = (dims: number[], ...data: number[]): Constant => ({
  type: 'int64',
  dims,
  stored: dims,
  data: Float64Array.from(data),
});
const b = (dims: number[], ...data: number[]): Constant => ({
  type: 'bool',
  dims,
  stored: dims,
  data: Uint8Array.from(data),
});
const list = (...data: number[]): Constant => i([data.length], ...data);
const ramp = (...dims: number[]): Constant =>
  f(
    dims,
    ...Array.from({ length: dims.reduce((a, d) => a * d, 1) }, (_, n) => ((n * 7) % 11) / 3 - 1.5),
  );
/** A row repeated over `batch`, stored once. */
const repeated = (batch: number, c: Constant): Constant => ({
  ...c,
  dims: [batch, ...c.dims.slice(1)],
  stored: c.dims,
});
const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (...value: number[]): Attribute => ({ type: 'ints', value });

const cases: [
  op: string,
  inputs: Constant[],
  attributes?: Record<string, Attribute>,
  outputs?: number,
][] = [
  ['Add', [ramp(2, 3), ramp(3)]],
  ['Add', [repeated(4, ramp(1, 3)), ramp(2, 1, 1)]],
  ['Add', [i([2], 1, 2 ** 40), i([], 5)]],
  ['Sub', [ramp(2, 3), ramp(2, 1)]],
  ['Mul', [uniform('float32', [3, 2, 2], 3), ramp(2, 2)]],
  ['Pow', [ramp(4), f([], 2)]],
  ['Div', [ramp(6), f([], 3)]],
  ['Div', [i([4], 7, -7, 8, -8), i([], 2)]],
  ['Mod', [i([4], 7, -7, 8, -8), i([], 3)]],
  ['Max', [ramp(5), f([], 0)]],
  ['Min', [ramp(5), f([], 0)]],
  ['Clip', [ramp(6), f([], -1), f([], 1)]],
  ['Neg', [ramp(5)]],
  ['Abs', [ramp(5)]],
  ['Sqrt', [f([3], 0, 2, 9)]],
  ['Exp', [ramp(5)]],
  ['Log', [f([3], 0.5, 2, 9)]],
  ['Sin', [ramp(9)]],
  ['Cos', [ramp(9)]],
  ['Tanh', [ramp(9)]],
  ['Erf', [f([7], -7, -3, -1, 0, 0.5, 2.6, 8)]],
  ['Ceil', [ramp(5)]],
  ['Floor', [ramp(5)]],
  ['Reciprocal', [f([2], 3, -4)]],
  ['Sign', [f([3], -2, 0, 3)]],
  ['Relu', [ramp(5)]],
  ['Sigmoid', [ramp(5)]],
  ['Softplus', [ramp(5)]],
  ['Not', [b([2], 1, 0)]],
  ['IsNaN', [f([2], NaN, 1)]],
  ['Equal', [i([3], 1, 2, 3), i([], 2)]],
  ['Greater', [ramp(4), f([], 0)]],
  ['GreaterOrEqual', [i([3], 1, 2, 3), i([], 2)]],
  ['Less', [i([3], 1, 2, 3), i([3, 1], 1, 2, 3)]],
  ['LessOrEqual', [i([1, 4], 0, 1, 2, 3), i([4, 1], 0, 1, 2, 3)]],
  ['And', [uniform('bool', [2, 1, 1], 1), b([1, 2], 1, 0)]],
  ['Or', [b([2], 1, 0), b([2], 0, 0)]],
  ['Xor', [b([2], 1, 0), b([2], 1, 1)]],
  ['Where', [b([2, 1], 1, 0), ramp(3), f([], -9)]],
  ['Where', [uniform('bool', [3, 2], 0), i([2], 1, 2), i([], 7)]],
  ['Cast', [ramp(6)], { to: int(7) }],
  ['Cast', [i([3], 0, 1, -2)], { to: int(9) }],
  ['Cast', [b([2], 1, 0)], { to: int(1) }],
  ['Cast', [i([2], 3, 4)], { to: int(6) }],
  ['Reshape', [ramp(2, 6), list(0, -1, 2)]],
  ['Reshape', [repeated(4, ramp(1, 6)), list(4, 3, 2)]],
  ['Reshape', [repeated(4, ramp(1, 6)), list(2, 12)]],
  ['Reshape', [uniform('float32', [2, 6], 2), list(3, -1)]],
  ['Unsqueeze', [ramp(2, 3), list(-1, 1)]],
  ['Squeeze', [ramp(1, 3, 1), list(0)]],
  ['Squeeze', [ramp(1, 3, 1)]],
  ['Flatten', [ramp(2, 3, 2)], { axis: int(2) }],
  ['Concat', [ramp(2, 3), ramp(2, 1)], { axis: int(1) }],
  ['Concat', [repeated(3, ramp(1, 2)), uniform('float32', [3, 2], 1)], { axis: int(-1) }],
  ['Concat', [repeated(3, ramp(1, 2)), ramp(1, 2)], { axis: int(0) }],
  ['Shape', [ramp(2, 3, 4)], { start: int(1) }],
  ['Size', [ramp(2, 3)]],
  ['Transpose', [ramp(2, 3, 4)], { perm: ints(2, 0, 1) }],
  ['Transpose', [repeated(3, ramp(1, 2, 2))], { perm: ints(1, 0, 2) }],
  ['Expand', [ramp(3, 1), list(2, 1, 4)]],
  ['Tile', [ramp(2, 1), list(2, 3)]],
  ['Tile', [repeated(2, ramp(1, 2)), list(1, 2)]],
  // A shape with equal entries may be stored as one number.
  ['Expand', [ramp(3, 1), uniform('int64', [2], 3)]],
  ['Reshape', [ramp(2, 2), uniform('int64', [2], 2)]],
  ['Tile', [ramp(2, 1), uniform('int64', [2], 2)]],
  ['ConstantOfShape', [uniform('int64', [3], 2)]],
  ['Pow', [i([3], 2, 3, 4), f([], 2)]],
  ['Slice', [ramp(4, 5), list(1, 0), list(2 ** 63, -1), list(0, 1)]],
  ['Slice', [ramp(6), list(-1), list(-(2 ** 63)), list(0), list(-2)]],
  ['Slice', [repeated(4, ramp(1, 3)), list(1), list(3), list(0)]],
  ['Split', [ramp(2, 5), list(2, 3)], { axis: int(1) }, 2],
  ['Gather', [ramp(4, 3), i([2, 2], 0, -1, 2, 2)]],
  ['Gather', [ramp(2, 4), i([], 1)], { axis: int(1) }],
  ['Gather', [uniform('bool', [8], 1), i([2, 2], 0, 1, 2, 3)]],
  ['Gather', [repeated(3, ramp(1, 4)), i([2], 1, 3)], { axis: int(1) }],
  ['Gather', [repeated(3, ramp(1, 4)), i([2], 1, 2)], { axis: int(0) }],
  ['Trilu', [ramp(3, 4)], { upper: int(1) }],
  ['Trilu', [uniform('float32', [2, 3, 3], 1), i([], -1)], { upper: int(0) }],
  ['CumSum', [repeated(2, ramp(1, 4)), i([], 1)]],
  [
    'ConstantOfShape',
    [list(2, 3)],
    {
      value: {
        type: 'tensor',
        value: { name: 'v', type: 'int64', dims: [1], bytes: encode(list(5)) },
      },
    },
  ],
  ['Range', [i([], 2), i([], 9), i([], 3)]],
  ['Range', [f([], 1), f([], 0), f([], -0.25)]],
  ['ReduceSum', [repeated(2, ramp(1, 4)), list(0)], { keepdims: int(0) }],
  ['ReduceSum', [uniform('int64', [2, 5], 1), list(1)]],
  ['ReduceMean', [ramp(2, 3, 2)], { axes: ints(-1) }],
  ['ReduceMax', [ramp(2, 3)], { axes: ints(0), keepdims: int(0) }],
  ['ReduceMin', [ramp(2, 3)], { axes: ints(1) }],
  ['ReduceProd', [i([3], 2, 3, 4)], { keepdims: int(0) }],
  ['MatMul', [ramp(2, 3), ramp(3, 4)]],
  ['MatMul', [repeated(3, ramp(1, 4, 1)), repeated(3, ramp(1, 1, 5))]],
  ['MatMul', [ramp(2, 1, 2, 3), ramp(3, 3, 2)]],
];

const fold = ([op, inputs, attributes = {}, outputs = 1]: (typeof cases)[number]) =>
  new Builder('a', 1, 1).build(op, op, inputs.map(constantValue), { attributes, outputs });

/** Runs all cases as one model. */
async function reference(): Promise<Record<string, ort.Tensor>> {
  const initialisers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const outputs: ValueInfo[] = [];
  cases.forEach((c, k) => {
    const [op, inputs, attributes = {}] = c;
    const names = inputs.map((input, n) => {
      const name = `c${k}.${n}`;
      initialisers.set(name, {
        name,
        type: input.type,
        dims: input.dims,
        bytes: encode(full(input)),
      });
      return name;
    });
    const results = fold(c).map((value, n) => ({
      name: `y${k}.${n}`,
      type: defined(value).type,
      dims: defined(value).dims,
    }));
    outputs.push(...results);
    nodes.push({
      name: `${op} ${k}`,
      op,
      domain: '',
      inputs: names,
      outputs: results.map((r) => r.name),
      attributes: new Map(Object.entries(attributes)),
    });
  });
  const session = await ort.InferenceSession.create(
    writeGraph({
      file: '',
      producer: '',
      irVersion: 8,
      opsets: new Map([['', 16]]),
      nodes,
      initialisers,
      inputs: [],
      outputs,
    }),
  );
  const results = await session.run({});
  await session.release();
  return results as Record<string, ort.Tensor>;
}

describe('folding computes what onnxruntime computes', () => {
  let expected: Record<string, ort.Tensor>;
  beforeAll(async () => {
    expected = await reference();
  });

  test.each(cases.map((c, k) => [`${c[0]} (${k})`, k] as const))('%s', (_, k) => {
    fold(elementAt(cases, k)).forEach((value, n) => {
      if (value?.kind !== 'constant') throw new Error('not folded');
      const c = full(value.constant);
      const right = defined(expected[`y${k}.${n}`]);
      expect(c.dims).toEqual([...right.dims]);
      expect(c.data.length).toBe(right.data.length);
      c.data.forEach((x, at) => expect(x).toBeCloseTo(Number(right.data[at]), 5));
    });
  });

  test('every folded operator is among the cases', () => {
    const tried = new Set([...cases.map((c) => c[0]), 'Constant', 'Identity', 'Dropout']);
    expect(
      [...rules].filter(([op, rule]) => rule.evaluate && !tried.has(op)).map(([op]) => op),
    ).toEqual([]);
  });
});

test('4-bit numbers are packed low nibble first, also an odd count', () => {
  const bytes = Uint8Array.of(0x21, 0x43, 0x05);
  const c = decode({ name: 'q', type: 'uint4', dims: [5], bytes });
  expect([...c.data]).toEqual([1, 2, 3, 4, 5]);
  expect(encode(c)).toEqual(bytes);
});

describe('an invalid node is refused with its reason', () => {
  const build =
    (op: string, inputs: Constant[], attributes: Record<string, Attribute> = {}) =>
    () =>
      new Builder('a.onnx', 1, 1).build('/here', op, inputs.map(constantValue), { attributes });
  test.each<[string, () => unknown]>([
    ['[2, 3] times [2, 3] does not match', build('MatMul', [ramp(2, 3), ramp(2, 3)])],
    ['shapes [2] and [3] do not fit together', build('Add', [ramp(2), ramp(3)])],
    ['its inputs have different types', build('Add', [ramp(2), list(1, 2)])],
    ['is not a permutation', build('Transpose', [ramp(2, 3)], { perm: ints(0, 9) })],
    ['cannot become', build('Reshape', [ramp(2, 3), list(4, -1)])],
    ['axis 3 does not exist', build('Gather', [ramp(2), list(0)], { axis: int(3) })],
    ['index 7 is outside', build('Gather', [ramp(2), list(7)])],
    ['cannot be joined', build('Concat', [ramp(2, 2), ramp(3, 3)], { axis: int(0) })],
    ['cannot be split', build('Split', [ramp(5), list(2, 2)])],
    ['an infinite range', build('Range', [f([], 0), f([], 1), f([], 0)])],
    ['too large', build('Range', [i([], 0), i([], 2 ** 50), i([], 1)])],
    ['its input is int64, not floating-point', build('Sqrt', [list(2)])],
    ['its result is 0.5, but its type is int64', build('Pow', [list(2), list(-1)])],
    ['its result is Infinity, but its type is int64', build('Div', [list(2), list(0)])],
    ['its result is 0.5, but its type is int64', build('ReduceMean', [list(0, 1)])],
    [
      'its result is not a number, but its type is int64',
      build('Cast', [f([], NaN)], { to: int(7) }),
    ],
    ['input 2 is float32, not integers', build('Reshape', [ramp(4), f([2], 2, 2)])],
    [
      'its indices are float64, not integers',
      build('Gather', [
        ramp(2),
        { type: 'float64', dims: [1], stored: [1], data: Float64Array.of(1e-323) },
      ]),
    ],
    ['[2, 3] cannot be repeated [2] times', build('Tile', [ramp(2, 3), list(2)])],
    [
      'cannot become [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, … 40 in all]',
      build('Reshape', [ramp(4), list(...Array.from({ length: 40 }, () => 1))]),
    ],
    ['an impossible shape', build('ConstantOfShape', [list(-1)])],
  ])('%s', (why, run) => {
    expect(run).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/"\/here"/) }),
    );
    expect(run).toThrow(why);
  });
});
