/**
 * The tiny decoder with its linear layers, embedding and head quantised in one of the formats of
 * real exports, and its twin: the same numbers as float32 weights, dequantised here element by
 * element.
 */
import { defined, elementAt } from '../src/checked.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import type { Attribute, Attributes, Graph, Node, Tensor } from '../src/onnx/graph.ts';
import { tinyDecoderGraph } from './tiny-decoder.ts';

/** `worked`: the packed weights come from a node that folds away. */
export type Form =
  | {
      op: 'nbits';
      bits: 4 | 8;
      block: number;
      zeros: 'none' | 'codes' | 'floats' | 'whole';
      order: 'none' | 'plain' | 'shuffled';
      worked?: true;
    }
  | {
      op: 'linear';
      type: 'int4' | 'uint4' | 'int8' | 'uint8';
      axis: 0 | 1;
      block: number;
      zeros: boolean;
    };

/**
 * The product `name` from `x` [.., K] to `y` [.., N]. `path` is the prefix of its tensors' names.
 */
interface Product {
  name: string;
  x: string;
  y: string;
  path: string;
  N: number;
  K: number;
}

interface Quantised {
  nodes: Node[];
  tensors: Tensor[];
  weight: (n: number, k: number) => number;
}

const int = (value: number): Attribute => ({ type: 'int', value });
const bytesOf = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
const node = ({
  name,
  op,
  inputs,
  output,
  attributes = {},
  domain = '',
}: {
  name: string;
  op: string;
  inputs: string[];
  output: string;
  attributes?: Record<string, Attribute>;
  domain?: string;
}): Node => ({
  name,
  op,
  domain,
  inputs,
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
});

/** Pseudorandom whole numbers from 0, determined by the name. */
function draw(name: string, n: number, below: number): number[] {
  const seed = [...name].reduce((h, c) => (h * 31 + c.charCodeAt(0)) | 0, 7) >>> 0;
  return Array.from(
    fillNormal(streamKeys(seed, 0, 0), new Float32Array(n), 0, 1),
    (v) => Math.floor(Math.abs(v) * 1e4) % below,
  );
}

/**
 * Packs 4-bit codes two per byte, low bits first. `padded` pads rows of `columns` codes to whole
 * bytes.
 */
function packed(
  codes: readonly number[],
  bits: number,
  columns: number,
  padded: boolean,
): Uint8Array {
  if (bits === 8) return Uint8Array.from(codes, (c) => c & 255);
  const rows = padded
    ? Array.from({ length: codes.length / columns }, (_, r) =>
        codes.slice(r * columns, (r + 1) * columns),
      )
    : [codes];
  return Uint8Array.from(
    rows.flatMap((row) =>
      Array.from(
        { length: Math.ceil(row.length / 2) },
        (_, i) => (row[2 * i]! & 15) | (((row[2 * i + 1] ?? 0) & 15) << 4),
      ),
    ),
  );
}

function nbits(
  { name, x, y, path, N, K }: Product,
  { bits, block, zeros, order, worked }: Form & { op: 'nbits' },
): Quantised {
  const blocks = Math.ceil(K / block);
  const levels = 2 ** bits;
  const q = draw(`${path} q`, N * blocks * block, levels);
  const s = Float32Array.from(
    draw(`${path} s`, N * blocks, 100),
    (v) => (v + 20) / 60 / levels / Math.sqrt(K),
  );
  const z = draw(`${path} z`, N * blocks, levels).map((v) =>
    zeros === 'none' ? levels / 2 : zeros === 'floats' ? v / 3 + 0.25 : v,
  );
  const g = draw(`${path} g`, K, blocks).map((b, k) =>
    order === 'shuffled' ? b : Math.floor(k / block),
  );
  const tensors: Tensor[] = [
    {
      name: `${path}.q`,
      type: 'uint8',
      dims: [N, blocks, (block * bits) / 8],
      bytes: packed(q, bits, block, false),
    },
    { name: `${path}.s`, type: 'float32', dims: [N * blocks], bytes: bytesOf(s) },
  ];
  if (zeros === 'codes')
    tensors.push({
      name: `${path}.z`,
      type: 'uint8',
      dims: [N * Math.ceil((blocks * bits) / 8)],
      bytes: packed(z, bits, blocks, true),
    });
  else if (zeros !== 'none')
    tensors.push({
      name: `${path}.z`,
      type: 'float32',
      dims: [N * blocks],
      bytes: bytesOf(Float32Array.from(z)),
    });
  const before = worked
    ? tensors.map((t) =>
        node({ name: `${t.name}/Abs`, op: 'Abs', inputs: [t.name], output: `${t.name}.abs` }),
      )
    : [];
  const inputs = [x, ...tensors.map((t) => (worked ? `${t.name}.abs` : t.name))];
  if (order !== 'none') {
    if (zeros === 'none') inputs.push('');
    inputs.push(`${path}.g`);
    tensors.push({
      name: `${path}.g`,
      type: 'int32',
      dims: [K],
      bytes: bytesOf(Int32Array.from(g)),
    });
  }
  const attributes = { K: int(K), N: int(N), bits: int(bits), block_size: int(block) };
  return {
    nodes: [
      ...before,
      node({ name, op: 'MatMulNBits', inputs, output: y, attributes, domain: 'com.microsoft' }),
    ],
    tensors,
    weight: (n, k) =>
      (q[n * blocks * block + k]! - Math.fround(z[n * blocks + g[k]!]!)) * s[n * blocks + g[k]!]!,
  };
}

/**
 * Axis 0 stores `[K, N]`. Axis 1 stores `[N, K]`, which is read transposed. Blocks run along K in
 * both.
 */
function linear(
  { name, x, y, path, N, K }: Product,
  { type, axis, block, zeros }: Form & { op: 'linear' },
): Quantised {
  const bits = type.endsWith('4') ? 4 : 8;
  const low = type.startsWith('u') ? 0 : -(2 ** (bits - 1));
  const blocks = Math.ceil(K / block);
  const q = draw(`${path} q`, N * K, 2 ** bits).map((v) => v + low);
  const z = draw(`${path} z`, N * blocks, 2 ** bits).map((v) => (zeros ? v + low : 0));
  const s = Float32Array.from(
    draw(`${path} s`, N * blocks, 100),
    (v) => (v + 20) / 60 / 2 ** bits / Math.sqrt(K),
  );
  const [dims, of] =
    axis === 0
      ? [
          [K, N],
          [blocks, N],
        ]
      : [
          [N, K],
          [N, blocks],
        ];
  const tensors: Tensor[] = [
    { name: `${path}.q`, type, dims, bytes: packed(q, bits, dims[1]!, false) },
    { name: `${path}.s`, type: 'float32', dims: of, bytes: bytesOf(s) },
    ...(zeros
      ? [{ name: `${path}.z`, type, dims: of, bytes: packed(z, bits, of[1]!, false) }]
      : []),
  ];
  const nodes = [
    node({
      name: `${path}/Dequantize`,
      op: 'DequantizeLinear',
      inputs: tensors.map((t) => t.name),
      output: `${path}.w`,
      attributes: { axis: int(axis), block_size: int(block) },
    }),
  ];
  if (axis === 1)
    nodes.push(
      node({
        name: `${path}/Transpose`,
        op: 'Transpose',
        inputs: [`${path}.w`],
        output: `${path}.t`,
        attributes: {
          perm: { type: 'ints', value: [1, 0] },
        },
      }),
    );
  nodes.push(
    node({ name, op: 'MatMul', inputs: [x, axis === 0 ? `${path}.w` : `${path}.t`], output: y }),
  );
  const at = (n: number, k: number, b: number) =>
    (axis === 0 ? [k * N + n, b * N + n] : [n * K + k, n * blocks + b]) as [number, number];
  return {
    nodes,
    tensors,
    weight: (n, k) => {
      const [i, j] = at(n, k, Math.floor(k / block));
      return (q[i]! - z[j]!) * s[j]!;
    },
  };
}

/** `weights` are the float32 weights of the modules by path, [out, in]. */
export function quantisedDecoder(form: Form): {
  quantised: Graph;
  twin: Graph;
  weights: ReadonlyMap<string, Float32Array>;
} {
  const graph = modern(tinyDecoderGraph());
  const quantised = new Map(graph.initialisers);
  const plain = new Map(graph.initialisers);
  const weights = new Map<string, Float32Array>();
  const table = defined(graph.initialisers.get('model.embed_tokens.weight'));
  const twinNodes: Node[] = [];
  const nodes = graph.nodes.flatMap((n) => {
    const isHead = n.name === '/lm_head/MatMul';
    const weight = isHead
      ? { ...table, dims: [...table.dims].reverse() }
      : graph.initialisers.get(n.inputs[1] ?? '');
    if (n.op !== 'MatMul' || !weight || (!isHead && !weight.name.startsWith('onnx::MatMul_'))) {
      twinNodes.push(n);
      return [n];
    }
    const path = isHead ? 'lm_head' : weight.name.slice('onnx::MatMul_'.length);
    const [K, N] = weight.dims as [number, number];
    const made = (form.op === 'nbits' ? nbits : linear)(
      { name: n.name, x: elementAt(n.inputs, 0), y: elementAt(n.outputs, 0), path, N, K },
      form as never,
    );
    for (const tensor of made.tensors) quantised.set(tensor.name, tensor);
    const values = Float32Array.from({ length: N * K }, (_, i) =>
      made.weight(Math.floor(i / K), i % K),
    );
    const turned = Float32Array.from(
      { length: N * K },
      (_, i) => values[(i % N) * K + Math.floor(i / N)]!,
    );
    weights.set(path, values);
    plain.set(`${path}.float`, {
      name: `${path}.float`,
      type: 'float32',
      dims: [K, N],
      bytes: bytesOf(turned),
    });
    twinNodes.push({ ...n, inputs: [elementAt(n.inputs, 0), `${path}.float`] });
    return made.nodes;
  });
  return {
    quantised: { ...graph, nodes, initialisers: quantised },
    twin: { ...graph, nodes: twinNodes, initialisers: plain },
    weights,
  };
}

/** Converts the graph to operator set 21, where means take their axes as an input. */
function modern(graph: Graph): Graph {
  const initialisers = new Map(graph.initialisers).set('last_axis', {
    name: 'last_axis',
    type: 'int64',
    dims: [1],
    bytes: bytesOf(BigInt64Array.of(-1n)),
  });
  const none: Attributes = new Map();
  const nodes = graph.nodes.map((n) =>
    n.op === 'ReduceMean' ? { ...n, inputs: [...n.inputs, 'last_axis'], attributes: none } : n,
  );
  return {
    ...graph,
    irVersion: 10,
    opsets: new Map([
      ['', 21],
      ['com.microsoft', 1],
    ]),
    nodes,
    initialisers,
  };
}

const asNBits = (
  block: number,
  zeros: (Form & { op: 'nbits' })['zeros'],
  order: (Form & { op: 'nbits' })['order'] = 'none',
  bits: 4 | 8 = 4,
): Form & { op: 'nbits' } => ({ op: 'nbits', bits, block, zeros, order });
const asLinear = (
  type: (Form & { op: 'linear' })['type'],
  axis: 0 | 1,
  zeros: boolean,
  block = 16,
): Form => ({ op: 'linear', type, axis, block, zeros });

/** All formats, with the names used in messages. */
export const forms: [string, Form][] = [
  ['zero points of codes', asNBits(16, 'codes')],
  ['zero points of floats', asNBits(16, 'floats')],
  ['zero points of floats, 8 bits', asNBits(16, 'floats', 'none', 8)],
  ['zero points of floats that are codes', asNBits(16, 'whole')],
  ['g_idx that says nothing new', asNBits(16, 'none', 'plain')],
  ['g_idx', asNBits(16, 'none', 'shuffled')],
  ['g_idx and zero points of codes', asNBits(16, 'codes', 'shuffled')],
  ['g_idx and zero points of floats', asNBits(16, 'floats', 'shuffled')],
  ['blocks of 512', asNBits(512, 'codes')],
  ['worked out in the graph', { ...asNBits(16, 'none'), worked: true }],
  ['worked out in the graph, with zero points', { ...asNBits(16, 'codes'), worked: true }],
  ...(['int4', 'uint4', 'int8', 'uint8'] as const).flatMap((type) =>
    ([0, 1] as const).map((axis): [string, Form] => [
      `DequantizeLinear, blocks of ${type} along axis ${axis}`,
      asLinear(type, axis, (type === 'int4') === (axis === 0)),
    ]),
  ),
  ['DequantizeLinear, a block for each column', asLinear('uint4', 0, true, 64)],
];
