/**
 * Packed weights as float matrices, worked out in the graph from the bytes as they lie: one `W [N, K]` serves the product
 * (`x Wᵀ`) and its gradient (`dy W`), and no float copy outlives the run.
 */
import type { Builder } from './builder.ts';
import { constantValue } from './builder.ts';
import { uniform } from './fold/constant.ts';
import { bnb4Sizes, nbitsSizes } from './fold/products.ts';
import { FP4, NF4 } from './codebooks.ts';
import { count, type Step, type Value } from './value.ts';
import { viewed } from './weight-tensor.ts';

/** The product of a packed step (`MatMulNBits`, `MatMulBnb4`) on `inputs` as a float Gemm; null for every other step. */
export function floatProduct(b: Builder, step: Step, inputs: readonly (Value | null)[]): Value | null {
  const packed = step.domain === 'com.microsoft' && (step.op === 'MatMulNBits' || step.op === 'MatMulBnb4');
  if (!packed) return null;
  const W = step.op === 'MatMulNBits' ? nbitsWeight(b, step) : bnb4Weight(b, step), [N, K] = W.dims as [number, number];
  const x = inputs[0]!, rows = b.reshape(x, [count(x.dims) / K, K]);
  const y = b.reshape(b.one('Gemm', [rows, W], { transB: { type: 'int', value: 1 } }), [...x.dims.slice(0, -1), N]);
  const bias = step.op === 'MatMulNBits' ? step.inputs[5] : null;
  return bias ? b.one('Add', [y, bias]) : y;
}

/** MatMulNBits: rows of blocks, low bits first; rows may end in padding. */
function nbitsWeight(b: Builder, step: Step): Value {
  const { K, N, bits, block, blocks } = nbitsSizes({ ...step, outputs: 1 }), [, packed, scales, zeros] = step.inputs;
  const padded = blocks * block, middle = 1 << (bits - 1);
  // Zero points are packed row by row: an odd number of blocks leaves gaps that DequantizeLinear does not know.
  if (bits !== 2 && (!zeros || (blocks * bits) % 8 === 0)) {
    const type = bits === 4 ? 'uint4' : 'uint8';
    const zero = zeros ? viewed(zeros, type, [N, blocks]) : constantValue(uniform(type, [N, blocks], middle));
    const W = b.make('DequantizeLinear', [viewed(packed, type, [N, padded]), viewed(scales, 'float32', [N, blocks]), zero],
      { type: 'float32', dims: [N, padded] }, { axis: { type: 'int', value: 1 }, block_size: { type: 'int', value: block } });
    return cutTo(b, W, 1, K);
  }
  const numbers = Float32Array.from({ length: 256 * (8 / bits) }, (_, i) => (Math.floor(i / (8 / bits)) >> ((i % (8 / bits)) * bits)) & ((1 << bits) - 1));
  const q = b.reshape(codes(b, packed, numbers), [N, blocks, block]);
  const zero = zeros
    ? b.reshape(cutTo(b, b.reshape(codes(b, zeros, numbers), [N, Math.ceil((blocks * bits) / 8) * (8 / bits)]), 1, blocks), [N, blocks, 1])
    : b.scalar(middle);
  const W = b.one('Mul', [b.one('Sub', [q, zero]), viewed(scales, 'float32', [N, blocks, 1])]);
  return cutTo(b, b.reshape(W, [N, padded]), 1, K);
}

/** MatMulBnb4: one run of codes over row-major `[N, K]`, high nibble first, with an absmax per block of it. */
function bnb4Weight(b: Builder, step: Step): Value {
  const { K, N, block, codebook } = bnb4Sizes({ ...step, outputs: 1 }), [, packed, absmax] = step.inputs;
  const levels = codebook === 'nf4' ? NF4 : FP4, blocks = Math.ceil((N * K) / block);
  const pairs = Float32Array.from({ length: 512 }, (_, i) => levels[i % 2 ? (i >> 1) & 15 : i >> 5]!);
  let W = cutTo(b, b.reshape(codes(b, packed, pairs), [2 * Math.ceil((N * K) / 2)]), 0, N * K);
  const rest = blocks * block - N * K;
  if (rest > 0) W = b.make('Pad', [W, b.integers([0, rest])], { type: 'float32', dims: [blocks * block] });
  W = b.one('Mul', [b.reshape(W, [blocks, block]), viewed(absmax, 'float32', [blocks, 1])]);
  return b.reshape(cutTo(b, b.reshape(W, [blocks * block]), 0, N * K), [N, K]);
}

/** What each byte stands for: `table` has the same number of entries for each of the 256 bytes. `[bytes, entries]` */
function codes(b: Builder, packed: Value | null | undefined, table: Float32Array): Value {
  const bytes = viewed(packed, 'uint8', [count(packed!.dims)]), dims = [256, table.length / 256];
  const index = b.one('Cast', [b.one('DequantizeLinear', [bytes, b.scalar(1)])], { to: { type: 'int', value: 6 } });
  return b.one('Gather', [constantValue({ type: 'float32', dims, stored: dims, data: table }), index]);
}

/** The first `n` along an axis. */
const cutTo = (b: Builder, x: Value, axis: number, n: number): Value =>
  b.one('Slice', [x, b.integers([0]), b.integers([n]), b.integers([axis])]);
