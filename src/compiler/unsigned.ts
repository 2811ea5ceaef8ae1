/**
 * Converts int8 weights of a piece to uint8, for a provider that takes no int8 from GPU memory
 * (onnxruntime-web's WebGPU). Flipping the sign bit of every value and zero point adds 128 to both,
 * so their difference is exactly the same.
 */
import { defined } from '../checked.ts';
import type { Graph, Node, Tensor } from '../onnx/graph.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import type { Piece, WeightTensor } from './compiled.ts';

/** Weights that an operator other than `DequantizeLinear` reads stay int8. */
export async function unsigned(piece: Piece): Promise<Piece> {
  const graph = await readGraph(piece.model, { file: 'piece' });
  const signed = new Set(graph.inputs.filter((i) => i.type === 'int8').map((i) => i.name));
  const { turned, nodes, initialisers } = dequantised(graph, signed);
  const inputs = graph.inputs.map((i) =>
    turned.has(i.name) ? { ...i, type: 'uint8' as const } : i,
  );
  const weights = new Map(
    [...piece.weights].map(([name, w]) => [name, turned.has(name) ? flippedWeight(w) : w]),
  );
  return { ...piece, model: writeGraph({ ...graph, nodes, initialisers, inputs }), weights };
}

/**
 * Returns the converted inputs, which only DequantizeLinear reads, and the nodes with flipped zero
 * points.
 */
function dequantised(
  graph: Graph,
  signed: ReadonlySet<string>,
): { turned: ReadonlySet<string>; nodes: Node[]; initialisers: Map<string, Tensor> } {
  const initialisers = new Map(graph.initialisers);
  const known = (name: string) => signed.has(name) || initialisers.has(name);
  const readable = ({ op, inputs: [w, s, z] }: Node) =>
    op === 'DequantizeLinear' && w !== s && (!z || known(z));
  const turned = new Set(
    [...signed].filter((name) => graph.nodes.every((n) => !n.inputs.includes(name) || readable(n))),
  );
  const nodes = graph.nodes.map((node): Node => {
    const [w, s, z] = node.inputs as [string, string, string?];
    if (node.op !== 'DequantizeLinear' || !turned.has(w)) return node;
    if (z && turned.has(z)) return node;
    const zero = z ? defined(initialisers.get(z)) : zeros(graph, s);
    const name = `${zero.name} unsigned`;
    initialisers.set(name, { ...zero, name, type: 'uint8', bytes: flipped(zero.bytes) });
    return { ...node, inputs: [w, s, name] };
  });
  return { turned, nodes, initialisers };
}

/** The implicit zero points, one per scale. */
function zeros(graph: Graph, scale: string): Tensor {
  const found = graph.initialisers.get(scale) ?? graph.inputs.find((i) => i.name === scale);
  const dims = (found?.dims ?? []) as readonly number[];
  return {
    name: `${scale} zero`,
    type: 'int8',
    dims,
    bytes: new Uint8Array(dims.reduce((n, d) => n * d, 1)),
  };
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((b) => b ^ 0x80);

/** The bytes are computed on access: once, for the upload. */
function flippedWeight(w: WeightTensor): WeightTensor {
  const turned = (name: string) => `${name} unsigned`;
  return {
    name: turned(w.name),
    type: 'uint8',
    dims: w.dims,
    ...(w.viewOf !== undefined && { viewOf: turned(w.viewOf) }),
    get bytes() {
      return flipped(w.bytes);
    },
  };
}
