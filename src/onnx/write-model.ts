/**
 * Writes a graph as the files of a model: one file, or a graph and a file of weights. A protobuf
 * message is limited to 2 GB; onnx and onnxruntime read weights from a file next to the graph
 * (onnx.proto, `external_data`).
 */
import { elementAt } from '../checked.ts';
import type { Graph, Tensor } from './graph.ts';
import { writeGraph, type OutsidePlace } from './write.ts';

export interface ModelPart {
  /** Path with its folder, as given by `name`. */
  name: string;
  /** Total length of `chunks`. */
  bytes: number;
  /** The content in order. Weights are views, so 2 GB need no copy. */
  chunks: readonly Uint8Array[];
}

export interface WriteOptions {
  /** Bytes of weights up to which one file is written. */
  limit?: number;
  /** Name of the weights file. It must stay next to the graph under this name. */
  dataName?: string;
}

/** Leaves space for the rest of the graph below protobuf's limit of 2 GB. */
const ONE_FILE = 1.5e9;
/** Smaller weights stay in the graph, as in the onnx library. */
const MIN_EXTERNAL_BYTES = 1024;
/**
 * Aligns each weight for memory mapping: to a page, and above 1 MB to the granularity of Windows
 * (onnx, onnxruntime).
 */
const alignmentOf = (bytes: number): number => (bytes > 1 << 20 ? 65536 : 4096);

/**
 * `name` is a path such as `onnx/model.onnx`. Returns one part, or the graph and `NAME_data` in the
 * same folder.
 */
export function writeModel(
  graph: Graph,
  name: string,
  { limit = ONE_FILE, dataName }: WriteOptions = {},
): ModelPart[] {
  const slash = name.lastIndexOf('/') + 1;
  const location = dataName ?? `${name.slice(slash)}_data`;
  const whole = constantsAsWeights(graph);
  const weights = [...whole.initialisers.values()];
  if (weights.reduce((sum, t) => sum + t.bytes.length, 0) <= limit) {
    const bytes = writeGraph(graph);
    return [{ name, bytes: bytes.length, chunks: [bytes] }];
  }
  const outside = new Map<string, OutsidePlace>();
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const { name: weight, bytes } of weights) {
    if (bytes.length < MIN_EXTERNAL_BYTES) continue;
    const alignment = alignmentOf(bytes.length);
    const offset = Math.ceil(at / alignment) * alignment;
    if (offset > at) chunks.push(new Uint8Array(offset - at));
    chunks.push(bytes);
    outside.set(weight, { location, offset, length: bytes.length });
    at = offset + bytes.length;
  }
  const bytes = writeGraph(whole, outside);
  return [
    { name, bytes: bytes.length, chunks: [bytes] },
    { name: name.slice(0, slash) + location, bytes: at, chunks },
  ];
}

/**
 * Writes `graph` for a runtime that receives the weights separately: each weight is a file of its
 * own, by the location in the graph. The files are views, so nothing is copied. Weights not in
 * `graph` are omitted.
 */
export function writeWithExternalWeights(graph: Graph): {
  graph: Uint8Array;
  external: Map<string, Uint8Array>;
} {
  const whole = constantsAsWeights(graph);
  const outside = new Map<string, OutsidePlace>();
  const external = new Map<string, Uint8Array>();
  for (const { name, bytes } of whole.initialisers.values()) {
    if (bytes.length < MIN_EXTERNAL_BYTES) continue;
    const location = `weight${outside.size}`;
    outside.set(name, { location, offset: 0, length: bytes.length });
    external.set(location, bytes);
  }
  return { graph: writeGraph(whole, outside), external };
}

/** Converts large Constant nodes to initialisers: only those can be external. */
function constantsAsWeights(graph: Graph): Graph {
  const initialisers = new Map<string, Tensor>(graph.initialisers);
  const nodes = graph.nodes.filter(({ op, domain, attributes, outputs }) => {
    const value = op === 'Constant' && domain === '' ? attributes.get('value') : undefined;
    if (value?.type !== 'tensor' || value.value.bytes.length < MIN_EXTERNAL_BYTES) return true;
    initialisers.set(elementAt(outputs, 0), { ...value.value, name: elementAt(outputs, 0) });
    return false;
  });
  return { ...graph, nodes, initialisers };
}
