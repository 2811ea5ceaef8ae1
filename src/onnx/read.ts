/** Reads an ONNX file into the compiler's graph. Weights are views of the given bytes. */
import { defined } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { isMerged, oneBranch, type Branch } from './branches.ts';
import {
  externalRange,
  externalReader,
  plainBytes,
  type ExternalFiles,
  type ExternalRange,
  type ParsedModel,
} from './external.ts';
import {
  shown,
  validate,
  type Attribute,
  type Graph,
  type Node,
  type Tensor,
  type ValueInfo,
} from './graph.ts';
import {
  decodeMessage,
  modelProto,
  type attributeProto,
  type graphProto,
  type Message,
  type nodeProto,
  type tensorProto,
  type valueInfoProto,
} from './proto.ts';
import { bytesOf, elementsOf, otherType, typeOf, type ElementType } from './types.ts';

/** What `readGraph` needs in addition to the bytes. */
export interface ReadOptions {
  /** Name of the file, for messages. */
  file: string;
  /** Returns the files with external tensors. */
  external?: ExternalFiles;
  /** Which decoder of a merged file is read; by default the one with a cache. */
  branch?: Branch;
  /** @internal The same bytes, decoded already. */
  parsed?: ParsedModel | null;
}

/**
 * The oldest operator set whose shape conventions (axes as inputs) the compiler knows, and the
 * newest that exists.
 */
const OPSETS = { min: 13, max: 26 };

/**
 * Reads and validates a model. Throws `not-onnx`, `cut-off`, `external-missing`, `external-bad`,
 * `bad-graph` or `operator`.
 */
export async function readGraph(bytes: Uint8Array, options: ReadOptions): Promise<Graph> {
  const { file, external, branch = 'cache', parsed } = options;
  const model = parsed ?? parse(plainBytes(bytes), file);
  const merged = !!model.graph && isMerged(model.graph);
  const proto = merged ? chosen(defined(model.graph), branch, file) : model.graph;
  if (!proto || proto.node.length === 0)
    throw new AtlasError('not-onnx', { file, why: 'it contains no graph' });
  if (model.functions.length > 0)
    throw new AtlasError('operator', { where: file, operator: 'model-local functions' });
  if (proto.sparseInitializer.length > 0)
    throw new AtlasError('operator', { where: file, operator: 'sparse weights' });
  const opsets = new Map<string, number>();
  for (const { domain, version } of model.opsetImport)
    opsets.set(domain === 'ai.onnx' ? '' : domain, Number(version));
  const opset = opsets.get('');
  if (opset === undefined || !(opset >= OPSETS.min && opset <= OPSETS.max)) {
    throw new AtlasError('operator', {
      where: file,
      operator: `operator set ${opset ?? 'none'} (${OPSETS.min} to ${OPSETS.max} are supported)`,
    });
  }
  const read = externalReader(file, external);
  const initialisers = await readInitialisers(proto, file, read);
  const nodes: Node[] = [];
  for (const n of proto.node) nodes.push(await readNode(n, file, read));
  const constantsOutside = proto.node.some((n) => n.attribute.some((a) => a.t?.dataLocation === 1));
  const graph: Graph = {
    file,
    opsets,
    initialisers,
    nodes,
    producer: `${model.producerName} ${model.producerVersion}`.trim().slice(0, 80),
    irVersion: Number(model.irVersion),
    // Old exports list weights among the inputs.
    inputs: proto.input.filter((i) => !initialisers.has(i.name)).map(readValueInfo),
    outputs: proto.output.map(readValueInfo),
    ...(merged && { branch }),
    ...(constantsOutside && { constantsOutside }),
  };
  return validate(graph);
}

function chosen(
  graph: Message<typeof graphProto>,
  branch: Branch,
  file: string,
): Message<typeof graphProto> {
  try {
    return oneBranch(graph, branch);
  } catch (cause) {
    throw new AtlasError(
      'not-onnx',
      { file, why: 'the bytes of a branch cannot be parsed' },
      { cause },
    );
  }
}

function parse(bytes: Uint8Array, file: string) {
  if (bytes.byteLength === 0) throw new AtlasError('not-onnx', { file, why: 'it is empty' });
  try {
    return decodeMessage(modelProto, bytes);
  } catch (cause) {
    // An export begins with its IR version, field 1: such a file is a truncated model.
    if (bytes[0] === 0x08 && cause instanceof RangeError)
      throw new AtlasError('cut-off', { file, why: `after ${bytes.byteLength} bytes` }, { cause });
    throw new AtlasError('not-onnx', { file, why: 'its bytes cannot be parsed' }, { cause });
  }
}

type ReadExternal = ReturnType<typeof externalReader>;

async function readInitialisers(
  proto: Message<typeof graphProto>,
  file: string,
  read: ReadExternal,
): Promise<Map<string, Tensor>> {
  const out = new Map<string, Tensor>();
  for (const t of proto.initializer) {
    if (out.has(t.name))
      throw new AtlasError('bad-graph', { file, why: `two weights are called "${shown(t.name)}"` });
    out.set(t.name, await withBytes(readTensor(t, file), read));
  }
  return out;
}

const withBytes = async (tensor: OpenTensor, read: ReadExternal): Promise<Tensor> => ({
  ...tensor,
  bytes: tensor.bytes instanceof Uint8Array ? tensor.bytes : await read(tensor.bytes),
});

/** A tensor whose external bytes are not read yet. */
type OpenTensor = Omit<Tensor, 'bytes'> & { bytes: Uint8Array | ExternalRange };

function readTensor(t: Message<typeof tensorProto>, file: string): OpenTensor {
  const bad = (why: string) =>
    new AtlasError('bad-graph', { file, why: `weight "${shown(t.name)}" ${why}` });
  const type = typeOf(t.dataType);
  if (!type)
    throw new AtlasError('operator', {
      where: `weight "${shown(t.name)}"`,
      operator: otherType(t.dataType),
    });
  const dims = t.dims.map((d) => {
    if (d < 0n || d > 0xffffffffffffn) throw bad(`has an impossible dimension (${d})`);
    return Number(d);
  });
  const elements = elementsOf(dims);
  if (elements === null) throw bad('has impossible dimensions');
  const expected = bytesOf(type, elements);
  if (t.dataLocation === 1)
    return { name: t.name, type, dims, bytes: externalRange(file, t, expected) };
  const bytes = t.rawData.byteLength > 0 || expected === 0 ? t.rawData : typedData(t, type);
  if (bytes.byteLength !== expected)
    throw bad(`has ${bytes.byteLength} bytes, but its dimensions need ${expected}`);
  return { name: t.name, type, dims, bytes };
}

/** Values stored in the typed fields instead of `raw_data`. */
function typedData(t: Message<typeof tensorProto>, type: ElementType): Uint8Array {
  const view = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  switch (type) {
    case 'float32':
      return view(Float32Array.from(t.floatData));
    case 'float64':
      return view(Float64Array.from(t.doubleData));
    case 'int64':
      return view(BigInt64Array.from(t.int64Data));
    case 'int32':
      return view(Int32Array.from(t.int32Data));
    case 'float16':
    case 'uint16':
    case 'int16':
      return view(Uint16Array.from(t.int32Data));
    default:
      return view(Uint8Array.from(t.int32Data)); // bool, (u)int8, and (u)int4 packed two to a byte
  }
}

async function readNode(
  n: Message<typeof nodeProto>,
  file: string,
  read: ReadExternal,
): Promise<Node> {
  const attributes = new Map<string, Attribute>();
  for (const a of n.attribute)
    attributes.set(
      a.name,
      a.type === 4 ? await readConstant(a, n, file, read) : readAttribute(a, n),
    );
  return {
    name: n.name,
    op: n.opType,
    domain: n.domain === 'ai.onnx' ? '' : n.domain,
    inputs: n.input,
    outputs: n.output,
    attributes,
  };
}

/** Reads a node's tensor. Some exporters write node constants to external files, too. */
async function readConstant(
  a: Message<typeof attributeProto>,
  n: Message<typeof nodeProto>,
  file: string,
  read: ReadExternal,
): Promise<Attribute> {
  if (!a.t)
    throw new AtlasError('bad-graph', {
      file,
      why: `node "${shown(n.name)}" has a constant without values`,
    });
  return { type: 'tensor', value: await withBytes(readTensor(a.t, file), read) };
}

const utf8 = new TextDecoder();

function readAttribute(a: Message<typeof attributeProto>, n: Message<typeof nodeProto>): Attribute {
  // Sentinels such as INT64_MAX become the nearest double; their meaning is preserved.
  const int = (i: bigint) => Number(i);
  switch (a.type) {
    case 1:
      return { type: 'float', value: a.f };
    case 2:
      return { type: 'int', value: int(a.i) };
    case 3:
      return { type: 'string', value: utf8.decode(a.s) };
    case 5:
    case 10:
      return { type: 'graph' };
    case 6:
      return { type: 'floats', value: a.floats };
    case 7:
      return { type: 'ints', value: a.ints.map(int) };
    case 8:
      return { type: 'strings', value: a.strings.map((s) => utf8.decode(s)) };
    default:
      throw new AtlasError('operator', {
        where: `node "${shown(n.name)}"`,
        operator: `${n.opType} with attribute ${shown(a.name)}`,
      });
  }
}

function readValueInfo(v: Message<typeof valueInfoProto>): ValueInfo {
  const tensor = v.type?.tensorType;
  const type = tensor && typeOf(tensor.elemType);
  if (!tensor)
    throw new AtlasError('operator', {
      where: `"${shown(v.name)}"`,
      operator: 'something other than a tensor',
    });
  if (!type)
    throw new AtlasError('operator', {
      where: `"${shown(v.name)}"`,
      operator: otherType(tensor.elemType),
    });
  const dims = (tensor.shape?.dim ?? []).map(({ dimValue, dimParam }) =>
    dimValue === undefined ? (dimParam ?? '?') : Number(dimValue),
  );
  return { name: v.name, type, dims };
}
