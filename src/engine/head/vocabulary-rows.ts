/**
 * The start of the engine's own graphs, which reads the rows of one chunk of the vocabulary
 * projection as a float `w` [width, hidden]. Packed rows are read in place.
 */
import type { Node, Tensor, ValueInfo } from '../../onnx/graph.ts';
import type { Backend } from '../backends/backend.ts';
import { int, node, value } from '../backends/graphs.ts';
import type { ChunkFormat } from './vocabulary-product.ts';

/**
 * How a graph reads a chunk's rows of W. Packed rows are views: uint4 or uint8 `[width, hidden]`,
 * scales `[width, hidden / block]`.
 */
export type RowFormat =
  | { kind: 'float32' }
  | { kind: 'float16' }
  | { kind: 'packed'; bits: 4 | 8; block: number; zeroPoints: boolean };

/**
 * Packed rows can be read in place if no block crosses the end of a row and zero points fill whole
 * bytes.
 */
export function rowFormat(
  format: ChunkFormat,
  hidden: number,
  { takesUint4 }: Pick<Backend, 'takesUint4'>,
): RowFormat {
  if (format.kind !== 'nbits') return format;
  const { bits, block, zeroPoints } = format;
  const fits =
    ((bits === 4 && takesUint4) || bits === 8) &&
    hidden % block === 0 &&
    !(zeroPoints && bits === 4 && (hidden / block) % 2 !== 0);
  return fits ? { kind: 'packed', bits, block, zeroPoints } : { kind: 'float32' };
}

/**
 * The start of a graph that computes `w`. Its inputs are `w` itself, `half`, or `packed`, `scales`
 * and `zeros`.
 */
export function rowsGraph(
  format: RowFormat,
  hidden: number,
  width: number,
): { inputs: ValueInfo[]; nodes: Node[]; initialisers: Map<string, Tensor> } {
  const initialisers = new Map<string, Tensor>();
  if (format.kind === 'float32')
    return { inputs: [value('w', 'float32', [width, hidden])], nodes: [], initialisers };
  if (format.kind === 'float16')
    return {
      inputs: [value('half', 'float16', [width, hidden])],
      nodes: [node({ op: 'Cast', inputs: ['half'], output: 'w', attributes: { to: int(1) } })],
      initialisers,
    };
  const { bits, block, zeroPoints } = format;
  const type = bits === 4 ? 'uint4' : 'uint8';
  const blocks = hidden / block;
  const inputs = [
    value('packed', type, [width, hidden]),
    value('scales', 'float32', [width, blocks]),
  ];
  if (zeroPoints) inputs.push(value('zeros', type, [width, blocks]));
  else {
    const half =
      bits === 4
        ? new Uint8Array(Math.ceil((width * blocks) / 2)).fill(0x88)
        : new Uint8Array(width * blocks).fill(128);
    initialisers.set('zeros', { name: 'zeros', type, dims: [width, blocks], bytes: half });
  }
  return {
    inputs,
    nodes: [
      node({
        op: 'DequantizeLinear',
        inputs: ['packed', 'scales', 'zeros'],
        output: 'w',
        attributes: {
          axis: int(1),
          block_size: int(block),
        },
      }),
    ],
    initialisers,
  };
}
