/**
 * A graph as the files of a model: one, or beyond what one can hold a second with the weights. A
 * protobuf message ends at 2 GB, and readers take no longer one; onnx and onnxruntime read weights
 * from a file beside the graph (onnx.proto, `external_data`).
 */
import { elementAt } from '../checked.ts';
import type { Graph, Tensor } from './graph.ts';
import { writeGraph, type OutsidePlace } from './write.ts';

export interface ModelPart {
  /** With its folder, as `name` was given. */
  name: string;
  /** Length of `chunks` together. */
  bytes: number;
  /** The content in order; weights are views, so that nothing of 2 GB is copied. */
  chunks: readonly Uint8Array[];
}

export interface WriteOptions {
  /** Bytes of weights up to which all is one file. */
  limit?: number;
  /** What the file of weights is called; it has to stay beside the graph under this name. */
  dataName?: string;
}

/** Room for what else is in the graph below protobuf's 2 GB. */
const ONE_FILE = 1.5e9;
/** Smaller ones stay in the graph: onnx's own rule. */
const LEAST = 1024;
/**
 * Where a weight begins, so that it can be mapped: a page, and for those over 1 MB what Windows
 * asks for (onnx, onnxruntime).
 */
const alignmentOf = (bytes: number): number => (bytes > 1 << 20 ? 65536 : 4096);

/** `name` as in `onnx/model.onnx`. One part, or the graph and then `NAME_data` beside it. */
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
    if (bytes.length < LEAST) continue;
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
 * `graph` for a runtime that is handed the weights beside it: every one of them as a file of its
 * own, by the location the graph names. They are views, so nothing is copied; what the graph does
 * not hold is not handed over.
 */
export function writeBeside(graph: Graph): {
  graph: Uint8Array;
  external: Map<string, Uint8Array>;
} {
  const whole = constantsAsWeights(graph);
  const outside = new Map<string, OutsidePlace>();
  const external = new Map<string, Uint8Array>();
  for (const { name, bytes } of whole.initialisers.values()) {
    if (bytes.length < LEAST) continue;
    const location = `weight${outside.size}`;
    outside.set(name, { location, offset: 0, length: bytes.length });
    external.set(location, bytes);
  }
  return { graph: writeGraph(whole, outside), external };
}

/** Large constants among the nodes as weights, which they equal: only those can lie outside. */
function constantsAsWeights(graph: Graph): Graph {
  const initialisers = new Map<string, Tensor>(graph.initialisers);
  const nodes = graph.nodes.filter(({ op, domain, attributes, outputs }) => {
    const value = op === 'Constant' && domain === '' ? attributes.get('value') : undefined;
    if (value?.type !== 'tensor' || value.value.bytes.length < LEAST) return true;
    initialisers.set(elementAt(outputs, 0), { ...value.value, name: elementAt(outputs, 0) });
    return false;
  });
  return { ...graph, nodes, initialisers };
}
