/**
 * Damages an ONNX file at the level of its messages: attributes, nodes, inputs, dimensions, element
 * types, weights. The result is well-formed protobuf, so it reaches the compiler and the runtime.
 */
import { defined, elementAt } from '../../src/checked.ts';
import {
  decodeMessage,
  encodeMessage,
  modelProto,
  type Init,
  type Message,
} from '../../src/onnx/proto.ts';
import { damagedBytes } from './bytes.ts';
import type { Random } from './random.ts';

type Writable<T> = T extends Uint8Array | bigint | number | string | undefined
  ? T
  : T extends readonly (infer E)[]
    ? Writable<E>[]
    : { -readonly [K in keyof T]: Writable<T[K]> };
type Model = Writable<Message<typeof modelProto>>;
type GraphOf = NonNullable<Model['graph']>;
type NodeOf = GraphOf['node'][number];
type TensorOf = GraphOf['initializer'][number];

const INTS = [
  0n,
  1n,
  2n,
  3n,
  4n,
  5n,
  7n,
  8n,
  16n,
  32n,
  64n,
  128n,
  1000n,
  -1n,
  -2n,
  2n ** 31n,
  2n ** 40n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const FLOATS = [0, -0, 1, -1, 0.5, 1e-5, 1e-30, 100, 1e10, 3e38, Infinity, -Infinity, NaN];
const OPS = [
  'Add',
  'Mul',
  'MatMul',
  'Softmax',
  'Relu',
  'Tanh',
  'Identity',
  'Transpose',
  'Concat',
  'Loop',
  'If',
  'Gemm',
  'Neg',
  'Sub',
  'Div',
  'Abs',
  'NoSuchOp',
];

export function damagedOnnx(random: Random, bytes: Uint8Array): Uint8Array {
  if (random.chance(0.08)) return damagedBytes(random, bytes);
  const model = decodeMessage(modelProto, bytes) as Model;
  const graph = defined(model.graph);
  for (let n = random.few(); n > 0; n--) random.pick(changes)(random, graph, model);
  return encodeMessage(modelProto, sparse(model) as Init<typeof modelProto>);
}

/** The fields of an attribute, by type. */
const FIELDS: Record<number, string> = {
  1: 'f',
  2: 'i',
  3: 's',
  4: 't',
  5: 'g',
  6: 'floats',
  7: 'ints',
  8: 'strings',
};

/** Omits fields with default values. A runtime would interpret them as set. */
function sparse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sparse);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const own = 'strings' in value && 'type' in value ? FIELDS[value.type as number] : undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, v]) => key === own || key === 'dimValue' || !isDefault(v))
      .map(([key, v]) => [key, sparse(v)]),
  );
}

const isDefault = (value: unknown): boolean =>
  value === 0 ||
  value === 0n ||
  value === '' ||
  (value instanceof Uint8Array && value.length === 0);

const swap = <T>(list: T[], a: number, b: number): void => {
  [list[a], list[b]] = [elementAt(list, b), elementAt(list, a)];
};

/** A name that a node could read. */
const nameOf = (random: Random, graph: GraphOf): string =>
  random.chance(0.5)
    ? (random.maybe(random.pick(graph.node).output) ?? '')
    : random.pick([...graph.initializer, ...graph.input]).name;

const node = (random: Random, graph: GraphOf): NodeOf => random.pick(graph.node);
const tensor = (random: Random, graph: GraphOf): TensorOf => random.pick(graph.initializer);

/** A small constant of the graph: a shape, axis, scale or bound. */
const smallTensor = (random: Random, graph: GraphOf): TensorOf =>
  random.maybe(graph.initializer.filter((t) => t.rawData.length <= 64 && t.rawData.length > 0)) ??
  tensor(random, graph);

type Change = (random: Random, graph: GraphOf, model: Model) => void;

const attribute: Change = (random, graph) => {
  const of = graph.node.filter((n) => n.attribute.length > 0);
  if (of.length === 0) return;
  const { attribute: list } = random.pick(of);
  const at = random.below(list.length);
  const one = elementAt(list, at);
  switch (random.below(8)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      one.type = random.below(14);
      break;
    case 2:
      one.name = random.pick([
        'axis',
        'axes',
        'to',
        'perm',
        'bits',
        'K',
        'N',
        'block_size',
        'epsilon',
        'x',
      ]);
      break;
    case 3:
      one.f = random.pick(FLOATS);
      break;
    case 4:
      if (one.ints.length > 1)
        swap(one.ints, random.below(one.ints.length), random.below(one.ints.length));
      break;
    case 5:
      if (one.ints.length > 0) one.ints[random.below(one.ints.length)] = random.pick(INTS);
      break;
    case 6:
      one.ints.push(random.pick(INTS));
      break;
    default:
      one.i = random.chance(0.5) ? one.i + random.pick([1n, -1n]) : random.pick(INTS);
  }
};

const weight = (random: Random, one: TensorOf): void => {
  one.rawData = new Uint8Array(one.rawData);
  const view = new DataView(one.rawData.buffer);
  if (view.byteLength === 0) return;
  for (let n = 1 + random.below(6); n > 0; n--) {
    if (one.dataType === 1 && view.byteLength >= 4)
      view.setFloat32(4 * random.below(view.byteLength >> 2), random.pick(FLOATS), true);
    else if (one.dataType === 7 && view.byteLength >= 8)
      view.setBigInt64(8 * random.below(view.byteLength >> 3), random.pick(INTS), true);
    else one.rawData[random.below(view.byteLength)] = random.below(256);
  }
};

const changes: readonly Change[] = [
  attribute,
  attribute,
  attribute,
  // Most weights are not shapes, so other values are valid.
  (random, graph) => weight(random, random.pick(graph.initializer.filter((t) => t.dataType !== 7))),
  (random, graph) => weight(random, random.pick(graph.initializer.filter((t) => t.dataType !== 7))),
  (random, graph) => weight(random, tensor(random, graph)),
  (random, graph) => weight(random, tensor(random, graph)),
  (random, graph) => weight(random, smallTensor(random, graph)),
  // Changes the dimensions of a weight, with or without the same number of elements.
  (random, graph) => {
    const { dims } = random.chance(0.5) ? smallTensor(random, graph) : tensor(random, graph);
    switch (random.below(5)) {
      case 0:
        dims.reverse();
        break;
      case 1:
        dims.unshift(1n);
        break;
      case 2:
        dims.push(random.pick([1n, 2n]));
        break;
      case 3:
        dims.pop();
        break;
      default:
        if (dims.length > 0) dims[random.below(dims.length)] = random.pick(INTS);
    }
  },
  (random, graph) => {
    const one = tensor(random, graph);
    // Types of equal size, so that the number of bytes stays right.
    const like: Record<number, number[]> = { 1: [6, 12], 7: [11, 13], 2: [3, 9], 10: [5, 4] };
    one.dataType = random.chance(0.7) ? random.pick(like[one.dataType] ?? [1]) : random.below(25);
  },
  // Swaps two weights of equal size.
  (random, graph) => {
    const a = tensor(random, graph);
    const others = graph.initializer.filter(
      (b) => b.rawData.length === a.rawData.length && b.dataType === a.dataType,
    );
    const b = random.pick(others);
    [a.rawData, b.rawData] = [b.rawData, a.rawData];
  },
  (random, graph) => {
    const one = smallTensor(random, graph);
    one.rawData = one.rawData.slice(0, random.below(one.rawData.length + 1));
  },
  (random, graph) => {
    const list = graph.initializer;
    const at = random.below(list.length);
    if (random.chance(0.5)) list.splice(at, 1);
    else
      list.push({ ...elementAt(list, at), name: random.pick([elementAt(list, at).name, 'again']) });
  },
  // Changes nodes: removed, duplicated, moved, another operator.
  (random, graph) => graph.node.splice(random.below(graph.node.length), 1),
  (random, graph) =>
    swap(graph.node, random.below(graph.node.length), random.below(graph.node.length)),
  (random, graph) => {
    const at = random.below(graph.node.length);
    const one = structuredClone(elementAt(graph.node, at));
    if (random.chance(0.7)) one.output = one.output.map((o) => `${o}/again`);
    if (random.chance(0.8)) one.name += '/again';
    graph.node.splice(at + random.below(2), 0, one);
  },
  (random, graph) => {
    node(random, graph).opType = random.pick(OPS);
  },
  (random, graph) => {
    node(random, graph).domain = random.pick(['', 'com.microsoft', 'ai.onnx', 'x']);
  },
  (random, graph) => {
    node(random, graph).name = random.pick(['', 'x', node(random, graph).name, '__proto__']);
  },
  // Inserts a node between a value and its reader.
  (random, graph) => {
    const reader = node(random, graph);
    const at = random.below(reader.input.length || 1);
    const from = reader.input[at];
    if (!from) return;
    const output = `${from}/between${random.word()}`;
    const opType = random.pick([
      'Identity',
      'Neg',
      'Relu',
      'Tanh',
      'Abs',
      'Sigmoid',
      'Sqrt',
      'Exp',
      'Erf',
      'Transpose',
    ]);
    graph.node.splice(graph.node.indexOf(reader), 0, {
      name: output,
      opType,
      domain: '',
      input: [from],
      output: [output],
      attribute: [],
    });
    reader.input[at] = output;
  },
  // Changes edges.
  (random, graph) => {
    const { input } = node(random, graph);
    if (input.length > 0)
      input[random.below(input.length)] = random.chance(0.1) ? '' : nameOf(random, graph);
  },
  (random, graph) => {
    const { input } = node(random, graph);
    if (input.length > 1) swap(input, random.below(input.length), random.below(input.length));
  },
  (random, graph) => {
    const { input } = node(random, graph);
    if (random.chance(0.5)) input.pop();
    else input.push(nameOf(random, graph));
  },
  (random, graph) => {
    const { output } = node(random, graph);
    if (output.length > 0)
      output[random.below(output.length)] = random.pick(['', 'logits', nameOf(random, graph)]);
  },
  // Changes inputs and outputs of the graph.
  (random, graph) => {
    const list = random.pick([graph.input, graph.output]);
    const one = random.maybe<(typeof list)[number]>(list);
    if (!one) return;
    const type = one.type?.tensorType;
    const dims = type?.shape?.dim ?? [];
    switch (random.below(6)) {
      case 0:
        list.splice(list.indexOf(one), 1);
        break;
      case 1:
        one.name = random.pick(['x', 'num_logits_to_keep', nameOf(random, graph)]);
        break;
      case 2:
        if (type) type.elemType = random.pick([1, 6, 7, 10, 9, 0]);
        break;
      case 3:
        dims.pop();
        break;
      case 4:
        dims.push({ dimValue: 1n, dimParam: undefined });
        break;
      default: {
        const dim = random.maybe(dims);
        if (dim)
          Object.assign(
            dim,
            random.chance(0.5)
              ? { dimValue: random.pick(INTS), dimParam: undefined }
              : { dimValue: undefined, dimParam: random.pick(['a', 'batch_size', '']) },
          );
      }
    }
  },
  (random, _, model) => {
    const one = random.maybe(model.opsetImport);
    if (one)
      one.version = random.pick([
        7n,
        11n,
        12n,
        13n,
        14n,
        15n,
        17n,
        18n,
        19n,
        20n,
        21n,
        22n,
        23n,
        26n,
        99n,
        -1n,
      ]);
  },
  (random, graph) => {
    const one = tensor(random, graph);
    one.dataLocation = 1;
    one.externalData = [
      { key: 'location', value: random.pick(['../x', 'x', '', 'C:\\x', 'weights']) },
      { key: 'offset', value: random.pick(['0', '-1', '9999999999999999999', 'x']) },
    ];
  },
];
