/**
 * Dequantises packed weights inside the graph. One `W [N, K]` serves the product (`x Wᵀ`) and its
 * gradient (`dy W`); no float copy outlives the run.
 */
import { defined } from '../checked.ts';
import { LARGEST_BLOCK } from './blocks.ts';
import { constantValue, type Builder } from './builder.ts';
import { uniform } from './fold/constant.ts';
import { bnb4Sizes, nbitsSizes } from './fold/products.ts';
import { FP4, NF4 } from './codebooks.ts';
import { count, type Step, type Value } from './value.ts';
import { viewed } from './weight-tensor.ts';

/**
 * Returns the product of a packed step (`MatMulNBits`, `MatMulBnb4`) on `inputs` as a float Gemm,
 * or null for every other step. `uint4` allows inputs of 4-bit numbers.
 */
export function floatProduct(
  b: Builder,
  step: Step,
  inputs: readonly (Value | null)[],
  uint4: boolean,
): Value | null {
  const packed =
    step.domain === 'com.microsoft' && (step.op === 'MatMulNBits' || step.op === 'MatMulBnb4');
  if (!packed) return null;
  const W = step.op === 'MatMulNBits' ? nbitsWeight(b, step, uint4) : bnb4Weight(b, step);
  const [N, K] = W.dims as [number, number];
  const x = defined(inputs[0]);
  const rows = b.reshape(x, [count(x.dims) / K, K]);
  const y = b.reshape(b.one('Gemm', [rows, W], { transB: { type: 'int', value: 1 } }), [
    ...x.dims.slice(0, -1),
    N,
  ]);
  const bias = step.op === 'MatMulNBits' ? step.inputs[5] : null;
  return bias ? b.one('Add', [y, bias]) : y;
}

/**
 * Unpacks a product that the runtime's kernel does not support on every provider, with operators of
 * all operator sets. Returns null for all other steps. The compiler treats the product as packed;
 * only the piece contains it unpacked.
 */
export function unpackedProduct(b: Builder, step: Step): Value | null {
  if (step.op !== 'MatMulNBits' || step.domain !== 'com.microsoft') return null;
  const { block, floatPoints, reordered } = nbitsSizes({ ...step, outputs: 1 });
  return floatPoints || reordered || block > LARGEST_BLOCK
    ? floatProduct(b, step, step.inputs, false)
    : null;
}

/**
 * MatMulNBits: rows of blocks, low bits first; rows may end in padding. `uint4` allows the
 * blocked DequantizeLinear of operator set 21.
 */
function nbitsWeight(b: Builder, step: Step, uint4: boolean): Value {
  const { K, N, bits, block, blocks, floatPoints, reordered } = nbitsSizes({ ...step, outputs: 1 });
  const [, packed, scales, zeros, order] = step.inputs;
  const padded = blocks * block;
  const middle = 1 << (bits - 1);
  // Zero points are packed row by row. DequantizeLinear does not support the padding that an odd
  // number of blocks leaves.
  if (uint4 && bits !== 2 && !floatPoints && !reordered && (!zeros || (blocks * bits) % 8 === 0)) {
    const type = bits === 4 ? 'uint4' : 'uint8';
    const zero = zeros
      ? viewed(zeros, type, [N, blocks])
      : constantValue(uniform(type, [N, blocks], middle));
    const W = b.make(
      'DequantizeLinear',
      [viewed(packed, type, [N, padded]), viewed(scales, 'float32', [N, blocks]), zero],
      { type: 'float32', dims: [N, padded] },
      { axis: { type: 'int', value: 1 }, block_size: { type: 'int', value: block } },
    );
    return cutTo(b, W, 1, K);
  }
  const numbers = Float32Array.from(
    { length: 256 * (8 / bits) },
    (_, i) => (Math.floor(i / (8 / bits)) >> ((i % (8 / bits)) * bits)) & ((1 << bits) - 1),
  );
  const q = codes(b, packed, numbers);
  const packedZeros =
    zeros && !floatPoints
      ? cutTo(
          b,
          b.reshape(codes(b, zeros, numbers), [N, Math.ceil((blocks * bits) / 8) * (8 / bits)]),
          1,
          blocks,
        )
      : null;
  if (reordered) {
    const ofColumn = (v: Value): Value =>
      b.make(
        'Gather',
        [v, defined(order)],
        { type: 'float32', dims: [N, K] },
        { axis: { type: 'int', value: 1 } },
      );
    const zero = packedZeros ?? (zeros ? viewed(zeros, 'float32', [N, blocks]) : b.scalar(middle));
    const shifted = b.one('Sub', [
      cutTo(b, b.reshape(q, [N, padded]), 1, K),
      zeros ? ofColumn(zero) : zero,
    ]);
    return b.one('Mul', [shifted, ofColumn(viewed(scales, 'float32', [N, blocks]))]);
  }
  const zero = packedZeros
    ? b.reshape(packedZeros, [N, blocks, 1])
    : zeros
      ? viewed(zeros, 'float32', [N, blocks, 1])
      : b.scalar(middle);
  const shifted = b.one('Sub', [b.reshape(q, [N, blocks, block]), zero]);
  const W = b.one('Mul', [shifted, viewed(scales, 'float32', [N, blocks, 1])]);
  return cutTo(b, b.reshape(W, [N, padded]), 1, K);
}

/**
 * MatMulBnb4: codes of the flattened row-major `[N, K]`, high nibble first, with one absmax per
 * block of codes.
 */
function bnb4Weight(b: Builder, step: Step): Value {
  const { K, N, block, codebook } = bnb4Sizes({ ...step, outputs: 1 });
  const [, packed, absmax] = step.inputs;
  const levels = codebook === 'nf4' ? NF4 : FP4;
  const blocks = Math.ceil((N * K) / block);
  const pairs = Float32Array.from(
    { length: 512 },
    (_, i) => levels[i % 2 ? (i >> 1) & 15 : i >> 5]!,
  );
  let W = cutTo(b, b.reshape(codes(b, packed, pairs), [2 * Math.ceil((N * K) / 2)]), 0, N * K);
  const rest = blocks * block - N * K;
  if (rest > 0)
    W = b.make('Pad', [W, b.integers([0, rest])], { type: 'float32', dims: [blocks * block] });
  W = b.one('Mul', [b.reshape(W, [blocks, block]), viewed(absmax, 'float32', [blocks, 1])]);
  return b.reshape(cutTo(b, b.reshape(W, [blocks * block]), 0, N * K), [N, K]);
}

/**
 * Looks up each byte in `table`, which has the same number of entries for each of the 256 bytes.
 * Returns `[bytes, entries]`.
 */
function codes(b: Builder, packed: Value | null | undefined, table: Float32Array): Value {
  const bytes = viewed(packed, 'uint8', [count(defined(packed).dims)]);
  const dims = [256, table.length / 256];
  const index = b.one('Cast', [b.one('DequantizeLinear', [bytes, b.scalar(1)])], {
    to: { type: 'int', value: 6 },
  });
  return b.one('Gather', [
    constantValue({ type: 'float32', dims, stored: dims, data: table }),
    index,
  ]);
}

/** The first `n` entries along an axis. */
const cutTo = (b: Builder, x: Value, axis: number, n: number): Value =>
  b.one('Slice', [x, b.integers([0]), b.integers([n]), b.integers([axis])]);
