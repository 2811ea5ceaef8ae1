/** Compares fused operators with their lowerings, both in onnxruntime. */
import * as ort from 'onnxruntime-web';
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { difference } from '../../../test/pipeline.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';
import { Builder, constantValue } from '../builder.ts';
import { decode, uniform } from '../fold/constant.ts';
import { planPiece } from '../pieces.ts';
import type { ComputedValue, Value } from '../value.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const batch = 2;
const length = 5;
const positions = 9;
const int = (value: number): Attribute => ({ type: 'int', value });
const float = (value: number): Attribute => ({ type: 'float', value });
const opsets = new Map([
  ['', 14],
  ['com.microsoft', 1],
]);

/** A random input: an activation or a weight. */
interface Given {
  kind: 'x' | 'weight';
  dims: number[];
}
const x = (...dims: number[]): Given => ({ kind: 'x', dims });
const w = (...dims: number[]): Given => ({ kind: 'weight', dims });

interface Case {
  op: string;
  /** Null for an absent input; a tensor for a given constant or weight. */
  inputs: (Given | Tensor | null)[];
  attributes: Record<string, Attribute>;
  /** Indices of the compared outputs. */
  outputs?: number[];
  count?: number;
}

const random = (dims: readonly number[], stream: number) =>
  fillNormal(streamKeys(3, stream, 0), new Float32Array(dims.reduce((a, d) => a * d, 1)));
const bytes = (data: ArrayBufferView) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const isTensor = (g: Given | Tensor): g is Tensor => 'bytes' in g;
const ints32 = (dims: number[], ...values: number[]): Tensor => ({
  name: '',
  type: 'int32',
  dims,
  bytes: bytes(Int32Array.from(values)),
});
const table = (f: (angle: number) => number, width: number): Tensor => ({
  name: '',
  type: 'float32',
  dims: [positions, width],
  bytes: bytes(
    Float32Array.from({ length: positions * width }, (_, i) =>
      f(Math.floor(i / width) / 3 ** (i % width)),
    ),
  ),
});

async function run(
  model: Uint8Array,
  feeds: Record<string, ort.Tensor>,
): Promise<Record<string, Float32Array>> {
  const session = await ort.InferenceSession.create(model);
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, t]) => [name, Float32Array.from(t.data as Float32Array)]),
  );
}

/** Largest difference between the fused operator and its lowering, over the compared outputs. */
async function compare({
  op,
  inputs,
  attributes,
  outputs = [0],
  count = 1,
}: Case): Promise<number> {
  const builder = new Builder('a', batch, length);
  const names: string[] = [];
  const values: (Value | null)[] = [];
  const initialisers = new Map<string, Tensor>();
  const graphInputs: ValueInfo[] = [];
  const activations: [string, ComputedValue][] = [];
  const feeds: Record<string, ort.Tensor> = {};
  inputs.forEach((given, i) => {
    const name = given ? `in${i}` : '';
    names.push(name);
    if (!given) values.push(null);
    else if (isTensor(given) || given.kind === 'weight') {
      const tensor: Tensor = isTensor(given)
        ? { ...given, name }
        : { name, type: 'float32', dims: given.dims, bytes: bytes(random(given.dims, i)) };
      initialisers.set(name, tensor);
      values.push(
        tensor.type === 'float32'
          ? { kind: 'weight', type: 'float32', dims: tensor.dims, tensor }
          : constantValue(decode(tensor)),
      );
    } else if (given.dims.includes(0)) {
      graphInputs.push({ name, type: 'float32', dims: given.dims });
      feeds[name] = new ort.Tensor('float32', new Float32Array(0), given.dims);
      values.push(constantValue(uniform('float32', given.dims, 0)));
    } else {
      const value = builder.leaf({ type: 'float32', dims: given.dims }, false);
      graphInputs.push({ name, type: 'float32', dims: given.dims });
      activations.push([name, value]);
      feeds[name] = new ort.Tensor('float32', random(given.dims, i), given.dims);
      values.push(value);
    }
  });
  const lowered = builder.build('node', op, values, {
    domain: 'com.microsoft',
    attributes,
    outputs: count,
  });
  const all = Array.from({ length: count }, (_, i) =>
    outputs.includes(i) ? `y${i}` : op.startsWith('Group') ? `y${i}` : '',
  );
  const fused = writeGraph({
    file: '',
    producer: '',
    irVersion: 8,
    opsets,
    initialisers,
    inputs: graphInputs,
    nodes: [
      {
        name: 'n',
        op,
        domain: 'com.microsoft',
        inputs: names,
        outputs: all,
        attributes: new Map(Object.entries(attributes)),
      },
    ],
    outputs: outputs.map((i) => ({
      name: `y${i}`,
      type: 'float32',
      dims: defined(lowered[i]).dims,
    })),
  });
  const piece = planPiece({
    opsets,
    inputs: activations,
    outputs: outputs.map((i) => ({
      name: `y${i}`,
      value: defined(lowered[i]),
      dims: defined(lowered[i]).dims,
    })),
  });
  const expected = await run(fused, feeds);
  const plain = Object.fromEntries(activations.map(([name]) => [name, defined(feeds[name])]));
  for (const [name, t] of piece.weights)
    plain[name] = new ort.Tensor('float32', new Float32Array(new Uint8Array(t.bytes).buffer), [
      ...t.dims,
    ]);
  const actual = await run(writeGraph(piece.graph), plain);
  return Math.max(
    ...outputs.map((i) => difference(defined(expected[`y${i}`]), defined(actual[`y${i}`]))),
  );
}

const heads = 4;
const kvHeads = 2;
const headDim = 16;
/** GroupQueryAttention with an empty past. */
const gqa = (
  query: (Given | null)[],
  attributes: Record<string, Attribute>,
  caches: [Tensor, Tensor] | [] = [],
  size = headDim,
): Case => ({
  op: 'GroupQueryAttention',
  count: 3,
  inputs: [
    ...query,
    x(batch, kvHeads, 0, size),
    x(batch, kvHeads, 0, size),
    ints32([batch], ...Array<number>(batch).fill(length - 1)),
    ints32([], length),
    ...caches,
  ],
  attributes: { num_heads: int(heads), kv_num_heads: int(kvHeads), ...attributes },
});
const packed = [x(batch, length, (heads + 2 * kvHeads) * headDim), null, null];
const separate = [
  x(batch, length, heads * headDim),
  x(batch, length, kvHeads * headDim),
  x(batch, length, kvHeads * headDim),
];
const caches = (width: number): [Tensor, Tensor] => [
  table(Math.cos, width),
  table(Math.sin, width),
];

describe('a lowered operator computes what the fused one does', () => {
  test.each<[string, Case]>([
    ['attention, packed', gqa(packed, {})],
    ['attention, separate, with a scale', gqa(separate, { scale: float(0.1) })],
    ['attention, rotated', gqa(packed, { do_rotary: int(1) }, caches(headDim / 2))],
    [
      'attention, rotated in pairs',
      gqa(separate, { do_rotary: int(1), rotary_interleaved: int(1) }, caches(headDim / 2)),
    ],
    [
      'attention, partly rotated',
      gqa([x(batch, length, 8 * 32), null, null], { do_rotary: int(1) }, caches(8), 32),
    ],
    ['attention, window of 2', gqa(separate, { local_window_size: int(2) })],
    ['attention, soft-capped', gqa(separate, { softcap: float(0.5) })],
    [
      'rotation of 3 dimensions',
      {
        op: 'RotaryEmbedding',
        inputs: [x(batch, length, 32), positionIds(), ...caches(8)],
        attributes: {},
      },
    ],
    [
      'rotation of 4 dimensions, in pairs',
      {
        op: 'RotaryEmbedding',
        inputs: [x(batch, 2, length, 16), positionIds(), ...caches(8)],
        attributes: { interleaved: int(1) },
      },
    ],
    [
      'skip RMS norm',
      {
        op: 'SkipSimplifiedLayerNormalization',
        inputs: [x(batch, length, 8), x(batch, length, 8), w(8)],
        attributes: { epsilon: float(1e-5) },
        outputs: [0, 3],
        count: 4,
      },
    ],
    [
      'skip RMS norm with bias',
      {
        op: 'SkipSimplifiedLayerNormalization',
        inputs: [x(batch, length, 8), x(batch, length, 8), w(8), w(8)],
        attributes: { epsilon: float(1e-5) },
        outputs: [0, 3],
        count: 4,
      },
    ],
    [
      'skip layer norm',
      {
        op: 'SkipLayerNormalization',
        inputs: [x(batch, length, 8), x(batch, length, 8), w(8), w(8), w(8)],
        attributes: { epsilon: float(1e-5) },
        outputs: [0, 3],
        count: 4,
      },
    ],
  ])('%s', async (_, c) => {
    expect(await compare(c)).toBeLessThan(5e-6);
  });

  test('a lowered int8 product equals the original on activations that 8 bits represent exactly', async () => {
    const int8 = (dims: number[], values: number[]): Tensor => ({
      name: '',
      type: 'int8',
      dims,
      bytes: bytes(Int8Array.from(values)),
    });
    const initialisers = new Map<string, Tensor>([
      ['w', { ...int8([3, 2], [-7, 100, 3, -128, 127, 5]), name: 'w' }],
      ['zero', { ...int8([], [-2]), name: 'zero' }],
      ['scale', { name: 'scale', type: 'float32', dims: [], bytes: bytes(Float32Array.of(0.03)) }],
    ]);
    const node = (
      op: string,
      inputs: string[],
      outputs: string[],
      attributes: Record<string, Attribute> = {},
    ): Node => ({
      name: elementAt(outputs, 0),
      op,
      domain: '',
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes)),
    });
    const nodes = [
      node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
      node('MatMulInteger', ['q', 'w', 'z', 'zero'], ['i']),
      node('Cast', ['i'], ['f'], { to: int(1) }),
      node('Mul', ['s', 'scale'], ['both']),
      node('Mul', ['f', 'both'], ['y']),
    ];
    const graph: Graph = {
      file: '',
      producer: '',
      irVersion: 8,
      opsets,
      initialisers,
      nodes,
      inputs: [{ name: 'x', type: 'float32', dims: [2, 3] }],
      outputs: [{ name: 'y', type: 'float32', dims: [2, 2] }],
    };
    const builder = new Builder('a', 1, 2);
    const activation = builder.leaf({ type: 'float32', dims: [2, 3] }, false);
    const values = new Map<string, Value>([['x', activation]]);
    for (const tensor of initialisers.values())
      values.set(tensor.name, { kind: 'weight', type: tensor.type, dims: tensor.dims, tensor });
    for (const n of nodes) {
      const made = builder.build(
        n.name,
        n.op,
        n.inputs.map((name) => defined(values.get(name))),
        { attributes: n.attributes, outputs: n.outputs.length },
      );
      n.outputs.forEach((name, i) => values.set(name, defined(made[i])));
    }
    const piece = planPiece({
      opsets,
      inputs: [['x', activation]],
      outputs: [{ name: 'y', value: defined(values.get('y')), dims: [2, 2] }],
    });
    expect([...piece.weights.values()].map((t) => t.name).sort()).toEqual(['scale', 'w', 'zero']);
    const feeds: Record<string, ort.Tensor> = {
      x: new ort.Tensor('float32', Float32Array.of(0, 255, 17, 3, 128, 64), [2, 3]),
    };
    const expected = await run(writeGraph(graph), feeds);
    for (const [name, t] of piece.weights)
      feeds[name] =
        t.type === 'int8'
          ? new ort.Tensor('int8', new Int8Array(t.bytes), [...t.dims])
          : new ort.Tensor('float32', new Float32Array(t.bytes.slice().buffer), [...t.dims]);
    expect(
      difference(defined(expected.y), defined((await run(writeGraph(piece.graph), feeds)).y)),
    ).toBeLessThan(1e-3);
    expect(Math.max(...defined(expected.y))).toBeGreaterThan(100);
    expect(builder.facts.roundsActivations).toBe(true);
  });

  test('an operator that cannot be lowered is refused by its name', () => {
    const attend = (inputs: Case['inputs'], attributes: Record<string, Attribute>) => () => {
      const b = new Builder('a.onnx', batch, length);
      const values = inputs.map((g) =>
        g && !isTensor(g) ? b.leaf({ type: 'float32', dims: g.dims }, false) : null,
      );
      b.build('/attn', 'GroupQueryAttention', values, { domain: 'com.microsoft', attributes });
    };
    expect(attend(packed, { num_heads: int(4), kv_num_heads: int(3) })).toThrow(
      '"/attn" (GroupQueryAttention): 4 heads for 3 keys',
    );
    expect(attend(packed, { num_heads: int(5), kv_num_heads: int(5) })).toThrow('do not divide');
    expect(
      attend(packed, { num_heads: int(4), kv_num_heads: int(2), smooth_softmax: int(1) }),
    ).toThrow('smooth softmax');
    expect(
      attend([...separate, ...Array<null>(8).fill(null), x(4)], {
        num_heads: int(4),
        kv_num_heads: int(2),
      }),
    ).toThrow('head sink');
    expect(
      attend(packed, { num_heads: int(4), kv_num_heads: int(2), local_window_size: int(0) }),
    ).toThrow('a window of 0 tokens');
  });
});

function positionIds(): Tensor {
  const ids = BigInt64Array.from({ length: batch * length }, (_, i) => BigInt(i % length));
  return { name: '', type: 'int64', dims: [batch, length], bytes: bytes(ids) };
}
