/**
 * Bytes of an ONNX file to the small graph. Weights stay views of the bytes given.
 */
import { AtlasError } from '../errors.ts';
import { externalRange, externalReader, plainBytes, type ExternalFiles, type ExternalRange } from './external.ts';
import { shown, validate, type Attribute, type Graph, type Node, type Tensor, type ValueInfo } from './graph.ts';
import { decodeMessage, modelProto, type attributeProto, type graphProto, type Message, type nodeProto, type tensorProto, type valueInfoProto } from './proto.ts';
import { bytesOf, elementsOf, typeOf, type ElementType } from './types.ts';

export interface ReadOptions {
  /** Name of the file, for messages. */
  file: string;
  /** Where tensors stored outside the file are found. */
  external?: ExternalFiles;
}

/** The oldest operator set whose shape conventions (axes as inputs) the compiler knows, and the newest that exists. */
const OPSETS = { min: 13, max: 26 };

/**
 * Reads and validates a model. Throws `not-onnx`, `cut-off`, `external-missing`, `external-bad`, `bad-graph` or `operator`.
 */
export async function readGraph(bytes: Uint8Array, { file, external }: ReadOptions): Promise<Graph> {
  const model = parse(plainBytes(bytes), file);
  const proto = model.graph;
  if (!proto || proto.node.length === 0) throw new AtlasError('not-onnx', { file, why: 'it holds no graph' });
  if (model.functions.length > 0) throw new AtlasError('operator', { where: file, operator: 'model-local functions' });
  if (proto.sparseInitializer.length > 0) throw new AtlasError('operator', { where: file, operator: 'sparse weights' });
  const opsets = new Map<string, number>();
  for (const { domain, version } of model.opsetImport) opsets.set(domain === 'ai.onnx' ? '' : domain, Number(version));
  const opset = opsets.get('');
  if (opset === undefined || !(opset >= OPSETS.min && opset <= OPSETS.max)) {
    throw new AtlasError('operator', { where: file, operator: `operator set ${opset ?? 'none'} (${OPSETS.min} to ${OPSETS.max} are known)` });
  }
  const initialisers = await readInitialisers(proto, file, external);
  const graph: Graph = {
    file, opsets, initialisers,
    producer: `${model.producerName} ${model.producerVersion}`.trim().slice(0, 80),
    irVersion: Number(model.irVersion),
    nodes: proto.node.map((n) => readNode(n, file)),
    // Old exports list weights among the inputs.
    inputs: proto.input.filter((i) => !initialisers.has(i.name)).map((i) => readValueInfo(i, file)),
    outputs: proto.output.map((o) => readValueInfo(o, file)),
  };
  return validate(graph);
}

function parse(bytes: Uint8Array, file: string) {
  if (bytes.byteLength === 0) throw new AtlasError('not-onnx', { file, why: 'it is empty' });
  try {
    return decodeMessage(modelProto, bytes);
  } catch (cause) {
    // An export begins with its IR version, field 1: such a file was a model, but is not all there.
    if (bytes[0] === 0x08 && cause instanceof RangeError) throw new AtlasError('cut-off', { file, why: `after ${bytes.byteLength} bytes` }, { cause });
    throw new AtlasError('not-onnx', { file, why: 'its bytes do not parse' }, { cause });
  }
}

async function readInitialisers(proto: Message<typeof graphProto>, file: string, external: ExternalFiles | undefined): Promise<Map<string, Tensor>> {
  const read = externalReader(file, external);
  const out = new Map<string, Tensor>();
  for (const t of proto.initializer) {
    if (out.has(t.name)) throw new AtlasError('bad-graph', { file, why: `two weights are called "${shown(t.name)}"` });
    const tensor = readTensor(t, file);
    out.set(t.name, { ...tensor, bytes: tensor.bytes instanceof Uint8Array ? tensor.bytes : await read(tensor.bytes) });
  }
  return out;
}

/** A tensor, its bytes still to be fetched when they are external. */
function readTensor(t: Message<typeof tensorProto>, file: string): Omit<Tensor, 'bytes'> & { bytes: Uint8Array | ExternalRange } {
  const bad = (why: string) => new AtlasError('bad-graph', { file, why: `weight "${shown(t.name)}" ${why}` });
  const type = typeOf(t.dataType);
  if (!type) throw bad(`has an element type that is not supported (${t.dataType})`);
  const dims = t.dims.map((d) => {
    if (d < 0n || d > 0xffffffffffffn) throw bad(`has an impossible dimension (${d})`);
    return Number(d);
  });
  const elements = elementsOf(dims);
  if (elements === null) throw bad('has impossible dimensions');
  const expected = bytesOf(type, elements);
  if (t.dataLocation === 1) return { name: t.name, type, dims, bytes: externalRange(file, t, expected) };
  const bytes = t.rawData.byteLength > 0 || expected === 0 ? t.rawData : typedData(t, type);
  if (bytes.byteLength !== expected) throw bad(`has ${bytes.byteLength} bytes, its dimensions ask for ${expected}`);
  return { name: t.name, type, dims, bytes };
}

/** Values stored in the typed fields instead of `raw_data`. */
function typedData(t: Message<typeof tensorProto>, type: ElementType): Uint8Array {
  const view = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  switch (type) {
    case 'float32': return view(Float32Array.from(t.floatData));
    case 'float64': return view(Float64Array.from(t.doubleData));
    case 'int64': return view(BigInt64Array.from(t.int64Data));
    case 'int32': return view(Int32Array.from(t.int32Data));
    case 'float16': case 'uint16': case 'int16': return view(Uint16Array.from(t.int32Data));
    default: return view(Uint8Array.from(t.int32Data)); // bool, (u)int8, and (u)int4 packed two to a byte
  }
}

function readNode(n: Message<typeof nodeProto>, file: string): Node {
  const attributes = new Map<string, Attribute>();
  for (const a of n.attribute) attributes.set(a.name, readAttribute(a, n, file));
  return {
    name: n.name, op: n.opType, domain: n.domain === 'ai.onnx' ? '' : n.domain,
    inputs: n.input, outputs: n.output, attributes,
  };
}

const utf8 = new TextDecoder();

function readAttribute(a: Message<typeof attributeProto>, n: Message<typeof nodeProto>, file: string): Attribute {
  const int = (i: bigint) => Number(i); // sentinels such as INT64_MAX become the nearest double, which serves the same
  switch (a.type) {
    case 1: return { type: 'float', value: a.f };
    case 2: return { type: 'int', value: int(a.i) };
    case 3: return { type: 'string', value: utf8.decode(a.s) };
    case 4: {
      const tensor = a.t && readTensor(a.t, file);
      if (!tensor || !(tensor.bytes instanceof Uint8Array)) throw new AtlasError('bad-graph', { file, why: `node "${shown(n.name)}" has a constant without values` });
      return { type: 'tensor', value: { ...tensor, bytes: tensor.bytes } };
    }
    case 5: case 10: return { type: 'graph' };
    case 6: return { type: 'floats', value: a.floats };
    case 7: return { type: 'ints', value: a.ints.map(int) };
    case 8: return { type: 'strings', value: a.strings.map((s) => utf8.decode(s)) };
    default: throw new AtlasError('operator', { where: `node "${shown(n.name)}"`, operator: `${n.opType} with attribute ${shown(a.name)}` });
  }
}

function readValueInfo(v: Message<typeof valueInfoProto>, file: string): ValueInfo {
  const tensor = v.type?.tensorType;
  const type = tensor && typeOf(tensor.elemType);
  if (!tensor || !type) throw new AtlasError('bad-graph', { file, why: `"${shown(v.name)}" has no usable type` });
  const dims = (tensor.shape?.dim ?? []).map(({ dimValue, dimParam }) => (dimValue === undefined ? dimParam ?? '?' : Number(dimValue)));
  return { name: v.name, type, dims };
}
