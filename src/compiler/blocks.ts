/**
 * Rewrites packed products (MatMulNBits) into the forms that the runtime's kernel supports, with
 * identical results. Blocks hold at most 256 columns: the kernel refuses or miscomputes larger
 * ones. Integer zero points are packed like the weights. A `g_idx` in natural order is removed. If
 * a `g_idx` remains, zero points become floats: the kernel ignores packed ones then and uses the
 * middle code.
 *
 * `dequantise.ts` unpacks the rest in the graph: fractional zero points and reordered columns.
 */
import { defined } from '../checked.ts';
import { float32View, halfToFloat32 } from '../onnx/float16.ts';
import type { Graph, Node, Tensor } from '../onnx/graph.ts';
import { int } from './fold/rule.ts';

export const LARGEST_BLOCK = 256;

const settled = new WeakMap<Graph, Graph>();

const isPacked = (n: Node): boolean => n.op === 'MatMulNBits' && n.domain === 'com.microsoft';

/** Whether the runtime's kernel refuses or miscomputes the export as it is. */
export const misfitsKernel = (graph: Graph): boolean =>
  graph.nodes.some(
    (n) =>
      isPacked(n) && (int(n, 'block_size', 0) > LARGEST_BLOCK || (!!n.inputs[3] && !!n.inputs[4])),
  );

/**
 * Returns the graph in these forms, or the graph itself if nothing changes. Malformed products are
 * left unchanged; the compiler rejects them later.
 */
export function inKernelForms(graph: Graph): Graph {
  const known = settled.get(graph);
  if (known) return known;
  const initialisers = new Map(graph.initialisers);
  const nodes = graph.nodes.map((n) => (isPacked(n) ? kernelForm(n, initialisers) : n));
  const changed = nodes.some((n, i) => n !== graph.nodes[i])
    ? { ...graph, nodes, initialisers }
    : graph;
  settled.set(graph, changed);
  settled.set(changed, changed);
  return changed;
}

interface Sizes {
  N: number;
  K: number;
  bits: number;
  block: number;
  blocks: number;
}

function kernelForm(node: Node, initialisers: Map<string, Tensor>): Node {
  const K = int(node, 'K', 0);
  const N = int(node, 'N', 0);
  const bits = int(node, 'bits', 4);
  const block = int(node, 'block_size', 0);
  const blocks = Math.ceil(K / block);
  const sizes = { N, K, bits, block, blocks };
  const [packed, scales, zeros, order] = [1, 2, 3, 4].map((i) =>
    initialisers.get(node.inputs[i] ?? ''),
  );
  if (!(K > 0 && N > 0 && block >= 16) || ![2, 4, 8].includes(bits) || !fits(packed, scales, sizes))
    return node;
  const inputs = [...node.inputs];
  const put = (i: number, tensor: Tensor): void => {
    initialisers.set(tensor.name, tensor);
    inputs[i] = tensor.name;
  };
  if (order?.type === 'int32' && inOrder(order, sizes)) inputs[4] = '';
  const points = zeros && zeros.type !== 'uint8' ? wholePoints(zeros, sizes) : zeros;
  if (
    inputs[4] &&
    zeros?.type === 'uint8' &&
    zeros.bytes.byteLength === N * Math.ceil((blocks * bits) / 8)
  )
    put(3, floatPoints(zeros, sizes));
  else if (!inputs[4] && points && points !== zeros) put(3, points);
  let attributes = node.attributes;
  // With a `g_idx`, `dequantise.ts` gathers the block of each column, so any block size works.
  if (block > LARGEST_BLOCK && block % LARGEST_BLOCK === 0 && !inputs[4]) {
    const smaller = Math.ceil(K / LARGEST_BLOCK);
    const times = block / LARGEST_BLOCK;
    put(
      1,
      rows(defined(packed), N, smaller * ((LARGEST_BLOCK * bits) / 8), [
        N,
        smaller,
        (LARGEST_BLOCK * bits) / 8,
      ]),
    );
    put(2, repeated(defined(scales), sizes, smaller, times));
    if (points)
      put(
        3,
        points.type === 'uint8'
          ? repeatedCodes(points, sizes, smaller, times)
          : repeated(points, sizes, smaller, times),
      );
    attributes = new Map(attributes).set('block_size', { type: 'int', value: LARGEST_BLOCK });
  }
  const same = attributes === node.attributes && inputs.every((name, i) => name === node.inputs[i]);
  return same ? node : { ...node, inputs, attributes };
}

const fits = (
  packed: Tensor | undefined,
  scales: Tensor | undefined,
  { N, bits, block, blocks }: Sizes,
): boolean =>
  packed?.type === 'uint8' &&
  packed.bytes.byteLength === N * blocks * ((block * bits) / 8) &&
  (scales?.type === 'float32' || scales?.type === 'float16') &&
  scales.bytes.byteLength === N * blocks * sizeOf(scales);

const sizeOf = ({ type }: Tensor): number => (type === 'float16' ? 2 : 4);

/** Whether column k is in block ⌊k / block⌋. */
function inOrder({ bytes }: Tensor, { K, block }: Sizes): boolean {
  const aligned = new Uint8Array(bytes);
  const order = new Int32Array(aligned.buffer);
  return order.length >= K && order.subarray(0, K).every((b, k) => b === Math.floor(k / block));
}

/** Packs float zero points row by row if all are integer codes, else returns them unchanged. */
function wholePoints(zeros: Tensor, { N, bits, blocks }: Sizes): Tensor {
  if (zeros.type !== 'float32' && zeros.type !== 'float16') return zeros;
  const values = zeros.type === 'float16' ? halfToFloat32(zeros.bytes) : float32View(zeros.bytes);
  const maxCode = 2 ** bits - 1;
  if (
    values.length !== N * blocks ||
    !values.every((z) => z >= 0 && z <= maxCode && Number.isInteger(z))
  )
    return zeros;
  return codes({
    name: `${zeros.name}:whole`,
    N,
    columns: blocks,
    bits,
    codeOf: (row, b) => values[row * blocks + b]!,
  });
}

function floatPoints({ name, bytes }: Tensor, { N, bits, blocks }: Sizes): Tensor {
  const values = Float32Array.from({ length: N * blocks }, (_, i) =>
    codeAt(bytes, bits, blocks, Math.floor(i / blocks), i % blocks),
  );
  return {
    name: `${name}:floats`,
    type: 'float32',
    dims: [N * blocks],
    bytes: new Uint8Array(values.buffer),
  };
}

/** A code of `[N, columns]`, every row padded to whole bytes. */
// eslint-disable-next-line @typescript-eslint/max-params -- an inner loop
function codeAt(
  bytes: Uint8Array,
  bits: number,
  columns: number,
  row: number,
  column: number,
): number {
  const perByte = 8 / bits;
  const width = Math.ceil(columns / perByte);
  return (
    (bytes[row * width + Math.floor(column / perByte)]! >> (bits * (column % perByte))) &
    (2 ** bits - 1)
  );
}

/** Packs `[N, columns]` codes of `bits` bits, every row padded to whole bytes. */
function codes({
  name,
  N,
  columns,
  bits,
  codeOf,
}: {
  name: string;
  N: number;
  columns: number;
  bits: number;
  codeOf: (row: number, column: number) => number;
}): Tensor {
  const perByte = 8 / bits;
  const width = Math.ceil(columns / perByte);
  const bytes = new Uint8Array(N * width);
  for (let row = 0; row < N; row++) {
    for (let c = 0; c < columns; c++)
      bytes[row * width + Math.floor(c / perByte)]! |= codeOf(row, c) << (bits * (c % perByte));
  }
  return { name, type: 'uint8', dims: [N * width], bytes };
}

/** The first `width` bytes of every row. */
function rows({ name, type, bytes }: Tensor, N: number, width: number, dims: number[]): Tensor {
  const from = bytes.byteLength / N;
  const out = from === width ? bytes : new Uint8Array(N * width);
  if (out !== bytes)
    for (let row = 0; row < N; row++)
      out.set(bytes.subarray(row * from, row * from + width), row * width);
  return { name: `${name}:blocks`, type, dims, bytes: out };
}

/** Repeats the scale or zero point of each large block `times` times, once per smaller block. */
function repeated(tensor: Tensor, { N, blocks }: Sizes, smaller: number, times: number): Tensor {
  const size = sizeOf(tensor);
  const bytes = new Uint8Array(N * smaller * size);
  for (let row = 0; row < N; row++) {
    for (let b = 0; b < smaller; b++) {
      const from = (row * blocks + Math.floor(b / times)) * size;
      bytes.set(tensor.bytes.subarray(from, from + size), (row * smaller + b) * size);
    }
  }
  return { name: `${tensor.name}:blocks`, type: tensor.type, dims: [N, smaller], bytes };
}

function repeatedCodes(
  { name, bytes }: Tensor,
  { N, bits, blocks }: Sizes,
  smaller: number,
  times: number,
): Tensor {
  return codes({
    name: `${name}:blocks`,
    N,
    columns: smaller,
    bits,
    codeOf: (row, b) => codeAt(bytes, bits, blocks, row, Math.floor(b / times)),
  });
}
