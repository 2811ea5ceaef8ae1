/** The vocabulary projection of one chunk as a graph, with or without an adapter. */
import type { Node, ValueInfo } from '../../onnx/graph.ts';
import { int, model, node, value } from '../backends/graphs.ts';

/** How the rows of one chunk of the vocabulary are stored. */
export type ChunkFormat =
  | { kind: 'float32' }
  | { kind: 'float16' }
  | { kind: 'nbits'; bits: number; block: number; zeroPoints: boolean };

/** Names of the chunk's weight inputs, in the order of its tensors. */
export const chunkInputs = ['w', 'scales', 'zeros'] as const;

/**
 * The nodes and inputs with which an adapter of the vocabulary projection changes the logits `from`
 * of a chunk to `to`. See `HeadAdapter`.
 */
export function throughAdapter(
  hidden: number,
  width: number,
  from: string,
  to: string,
): { inputs: ValueInfo[]; nodes: Node[] } {
  return {
    inputs: [
      value('loraA', 'float32', ['rank', hidden]),
      value('loraB', 'float32', [width, 'rank']),
      value('scale', 'float32', [1, 'rank']),
    ],
    nodes: [
      node({ op: 'Gemm', inputs: ['h', 'loraA'], output: 'thin', attributes: { transB: int(1) } }),
      node({ op: 'Mul', inputs: ['thin', 'scale'], output: 'scaled' }),
      node({
        op: 'Gemm',
        inputs: ['scaled', 'loraB', from],
        output: to,
        attributes: { transB: int(1) },
      }),
    ],
  };
}

/**
 * `h` [rows, hidden] times `width` rows of the vocabulary → `y`: logits [rows, width], with
 * `adapted` through an adapter. With `reduce`, `y` is the sum of their absolute values [rows, 1].
 * Weights are inputs.
 */
export function vocabularyProduct(
  format: ChunkFormat,
  hidden: number,
  width: number,
  { reduce = false, adapted = false }: { reduce?: boolean; adapted?: boolean },
): Uint8Array {
  const inputs = [value('h', 'float32', ['rows', hidden])];
  const nodes: Node[] = [];
  const product = reduce ? 'logits' : adapted ? 'products' : 'y';
  if (format.kind !== 'nbits') {
    inputs.push(value('w', format.kind, [width, hidden]));
    if (format.kind === 'float16')
      nodes.push(node({ op: 'Cast', inputs: ['w'], output: 'wide', attributes: { to: int(1) } }));
    nodes.push(
      node({
        op: 'Gemm',
        inputs: ['h', format.kind === 'float16' ? 'wide' : 'w'],
        output: product,
        attributes: { transB: int(1) },
      }),
    );
  } else {
    const { bits, block, zeroPoints } = format;
    const blocks = Math.ceil(hidden / block);
    inputs.push(
      value('w', 'uint8', [width, blocks, (block * bits) / 8]),
      value('scales', 'float32', [width * blocks]),
    );
    const names = ['h', 'w', 'scales'];
    if (zeroPoints) {
      inputs.push(value('zeros', 'uint8', [width * Math.ceil((blocks * bits) / 8)]));
      names.push('zeros');
    }
    nodes.push(
      node({
        op: 'MatMulNBits',
        inputs: names,
        output: product,
        attributes: { K: int(hidden), N: int(width), bits: int(bits), block_size: int(block) },
        domain: 'com.microsoft',
      }),
    );
  }
  if (adapted) {
    const adapter = throughAdapter(hidden, width, product, 'y');
    inputs.push(...adapter.inputs);
    nodes.push(...adapter.nodes);
  }
  if (reduce)
    nodes.push(
      node({
        op: 'ReduceL1',
        inputs: ['logits'],
        output: 'y',
        attributes: { axes: { type: 'ints', value: [1] }, keepdims: int(1) },
      }),
    );
  return model(nodes, inputs, [value('y', 'float32', ['rows', reduce ? 1 : width])]);
}
