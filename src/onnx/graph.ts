/**
 * The graph model of the compiler: an ONNX model without protobuf. Weights are views of the file's
 * bytes.
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import type { Branch } from './branches.ts';
import type { ElementType } from './types.ts';

/** A constant: a weight, or a tensor in an attribute. */
export interface Tensor {
  name: string;
  type: ElementType;
  dims: readonly number[];
  /**
   * Little endian, row-major; a view of the file (any alignment). Of a replaced weight it may be
   * computed on access.
   */
  readonly bytes: Uint8Array;
}

/** An attribute of a node; a subgraph stays unread. */
export type Attribute =
  | { type: 'float'; value: number }
  | { type: 'int'; value: number }
  | { type: 'string'; value: string }
  | { type: 'tensor'; value: Tensor }
  | { type: 'floats'; value: readonly number[] }
  | { type: 'ints'; value: readonly number[] }
  | { type: 'strings'; value: readonly string[] }
  /** A subgraph (If, Loop, Scan): its presence is recorded, its content is not read. */
  | { type: 'graph' };

/** Attributes of a node by name. */
export type Attributes = ReadonlyMap<string, Attribute>;

/** One operator. */
export interface Node {
  name: string;
  op: string;
  /** Empty for the standard ONNX domain. */
  domain: string;
  /** Empty string for an absent optional input. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Attributes;
}

/** An input or output of a graph. */
export interface ValueInfo {
  name: string;
  type: ElementType;
  /** A string is a symbolic dimension. */
  dims: readonly (number | string)[];
}

/** A model as nodes in topological order, with weights by name. */
export interface Graph {
  /** File name, for messages. */
  file: string;
  producer: string;
  irVersion: number;
  /** Version by domain. */
  opsets: ReadonlyMap<string, number>;
  /** In topological order after `validate`. */
  nodes: readonly Node[];
  initialisers: ReadonlyMap<string, Tensor>;
  inputs: readonly ValueInfo[];
  outputs: readonly ValueInfo[];
  /** The longest sequence by the model's config, in tokens. Absent: only the tables limit it. */
  maxLength?: number;
  /** Which branch of a merged decoder was read. */
  branch?: Branch;
  /** Node constants are in external files, which onnxruntime-web does not read. */
  constantsOutside?: true;
}

/** Shortens a name for messages. Names come from an untrusted file and may be long. */
export const shown = (name: string): string =>
  name.length > 80 ? `${name.slice(0, 77)}...` : name;

/**
 * Checks that every name is defined exactly once and has a producer. Sorts nodes that are out of
 * order. Throws `bad-graph` for duplicates, missing names and cycles.
 */
export function validate(graph: Graph): Graph {
  const bad = (why: string) => new AtlasError('bad-graph', { file: graph.file, why });
  const maker = new Map<string, number>();
  const given = new Set<string>(graph.inputs.map((i) => i.name));
  if (given.size !== graph.inputs.length) throw bad('two inputs have the same name');
  for (const name of graph.initialisers.keys()) given.add(name);
  graph.nodes.forEach((node, index) => {
    for (const name of node.outputs) {
      if (!name) continue;
      if (maker.has(name) || given.has(name)) throw bad(`"${shown(name)}" is produced twice`);
      maker.set(name, index);
    }
  });
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (name && !maker.has(name) && !given.has(name))
        throw bad(`"${shown(name)}", which node "${shown(node.name)}" reads, does not exist`);
    }
  }
  if (graph.outputs.length === 0) throw bad('it has no output');
  for (const { name } of graph.outputs) {
    if (!maker.has(name) && !given.has(name))
      throw bad(`its output "${shown(name)}" is not produced by any node`);
  }
  return { ...graph, nodes: sorted(graph, maker, bad) };
}

/** Kahn's algorithm. Preserves the file's order if it is already topological. */
function sorted(
  graph: Graph,
  maker: ReadonlyMap<string, number>,
  bad: (why: string) => AtlasError,
): readonly Node[] {
  const { nodes } = graph;
  const waits = new Int32Array(nodes.length);
  const readers: number[][] = nodes.map(() => []);
  let ordered = true;
  for (const [index, node] of nodes.entries()) {
    for (const name of node.inputs) {
      const from = maker.get(name);
      if (from === undefined) continue;
      if (from >= index) ordered = false;
      elementAt(readers, from).push(index);
      waits[index]!++;
    }
  }
  if (ordered) return nodes;
  const ready = nodes.map((_, i) => i).filter((i) => waits[i] === 0);
  const out: Node[] = [];
  for (let next = 0; next < ready.length; next++) {
    const index = ready[next]!;
    out.push(elementAt(nodes, index));
    for (const reader of elementAt(readers, index)) if (--waits[reader]! === 0) ready.push(reader);
  }
  if (out.length < nodes.length) {
    const stuck = elementAt(
      nodes,
      waits.findIndex((w) => w > 0),
    );
    throw bad(`node "${shown(stuck.name)}" is part of a cycle`);
  }
  return out;
}
