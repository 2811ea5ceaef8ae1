/**
 * Shape inference of matrix products, float or quantised (MatMulNBits, MatMulBnb4), and of
 * DequantizeLinear; folding of MatMul.
 *
 * The rules check everything that ONNX leaves to the kernel: a wrong byte count would read past a
 * buffer.
 */
import { defined, elementAt } from '../../checked.ts';
import { linearForm } from '../linear.ts';
import { Clash, count, shapeText, Unsupported } from '../value.ts';
import { broadcastDims, fullAlong, numbers, stridesFor, walk } from './constant.ts';
import { input, int, known, rank, type Call, type Rule } from './rule.ts';

const matmul: Rule = {
  infer: (call) => {
    const a = input(call, 0);
    const b = input(call, 1);
    if (a.type !== b.type)
      throw new Clash(`its inputs have different types (${a.type}, ${b.type})`);
    if (a.dims.length < 2 || b.dims.length < 2) throw new Unsupported('a vector');
    if (a.dims.at(-1) !== b.dims.at(-2))
      throw new Clash(`${shapeText(a.dims)} times ${shapeText(b.dims)} does not match`);
    return [
      {
        type: a.type,
        dims: [
          ...broadcastDims([a.dims.slice(0, -2), b.dims.slice(0, -2)]),
          elementAt(a.dims, -2),
          elementAt(b.dims, -1),
        ],
      },
    ];
  },
  evaluate: (call, [shape]) => {
    const lastTwo = (n: number) => [n - 2, n - 1];
    const a = fullAlong(known(call, 0), lastTwo(known(call, 0).dims.length));
    const b = fullAlong(known(call, 1), lastTwo(known(call, 1).dims.length));
    const [m, k] = a.dims.slice(-2) as [number, number];
    const n = elementAt(b.dims, -1);
    const [leadA, leadB] = [a.stored.slice(0, -2), b.stored.slice(0, -2)];
    const lead = broadcastDims([leadA, leadB]);
    const stored = [...lead, m, n];
    const data = numbers(defined(shape).type, count(stored));
    walk(lead, [stridesFor(leadA, lead.length), stridesFor(leadB, lead.length)], (at, o) => {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let p = 0; p < k; p++)
            sum += a.data[o[0]! * m * k + i * k + p]! * b.data[o[1]! * k * n + p * n + j]!;
          data[(at * m + i) * n + j] = sum;
        }
      }
    });
    return [{ type: defined(shape).type, dims: defined(shape).dims, stored, data }];
  },
};

const gemm: Rule = {
  infer: (call) => {
    const a = input(call, 0);
    const b = input(call, 1);
    const c = call.inputs[2];
    rank(a, 2, 'its first input');
    rank(b, 2, 'its second input');
    const [m, ka] = int(call, 'transA', 0) ? [a.dims[1]!, a.dims[0]!] : [a.dims[0]!, a.dims[1]!];
    const [kb, n] = int(call, 'transB', 0) ? [b.dims[1]!, b.dims[0]!] : [b.dims[0]!, b.dims[1]!];
    if (ka !== kb || a.type !== b.type)
      throw new Clash(`${shapeText(a.dims)} times ${shapeText(b.dims)} does not match`);
    if (c && count(broadcastDims([c.dims, [m, n]])) !== m * n)
      throw new Clash(`a bias of ${shapeText(c.dims)} for ${n} columns`);
    return [{ type: a.type, dims: [m, n] }];
  },
};

export interface NBitsSizes {
  K: number;
  N: number;
  bits: 2 | 4 | 8;
  block: number;
  /** Blocks per row. */
  blocks: number;
  zeroPoints: boolean;
  /** Zero points are floats, not codes. */
  floatPoints: boolean;
  /** `g_idx` gives the block of each column. */
  reordered: boolean;
}

/** Sizes of a MatMulNBits, checked against the tensors. Throws `Unsupported` or `Clash`. */
export function nbitsSizes(call: Call): NBitsSizes {
  const K = int(call, 'K', 0);
  const N = int(call, 'N', 0);
  const bits = int(call, 'bits', 4);
  const block = int(call, 'block_size', 0);
  if (bits !== 2 && bits !== 4 && bits !== 8) throw new Unsupported(`weights of ${bits} bits`);
  if (!(block >= 16 && block <= 65536 && Number.isInteger(Math.log2(block))))
    throw new Unsupported(`blocks of ${block}`);
  if (!(K > 0 && N > 0 && Number.isSafeInteger(K * N))) throw new Clash(`a weight of ${N} × ${K}`);
  if (int(call, 'weight_prepacked', 0) !== 0)
    throw new Unsupported('weights in a processor-specific order');
  const blocks = Math.ceil(K / block);
  const packed = input(call, 1);
  const scales = input(call, 2);
  const zero = call.inputs[3];
  const order = call.inputs[4];
  if (packed.type !== 'uint8' || count(packed.dims) !== N * blocks * ((block * bits) / 8)) {
    throw new Clash(`packed weights of ${shapeText(packed.dims)} for ${N} × ${K}`);
  }
  if (scales.type !== 'float32' || count(scales.dims) !== N * blocks)
    throw new Clash(`${count(scales.dims)} scales for ${N * blocks} blocks`);
  const points = zero?.type === 'float32' ? N * blocks : N * Math.ceil((blocks * bits) / 8);
  if (zero && ((zero.type !== 'uint8' && zero.type !== 'float32') || count(zero.dims) !== points)) {
    throw new Clash(`zero points of ${zero.type} ${shapeText(zero.dims)} for ${N * blocks} blocks`);
  }
  if (order && (order.type !== 'int32' || count(order.dims) < K))
    throw new Clash(`g_idx of ${order.type} ${shapeText(order.dims)} for ${K} columns`);
  return {
    K,
    N,
    bits,
    block,
    blocks,
    zeroPoints: !!zero,
    floatPoints: zero?.type === 'float32',
    reordered: !!order,
  };
}

/** Sizes of a MatMulBnb4, checked against the tensors. Throws `Unsupported` or `Clash`. */
export function bnb4Sizes(call: Call): {
  K: number;
  N: number;
  block: number;
  codebook: 'nf4' | 'fp4';
} {
  const K = int(call, 'K', 0);
  const N = int(call, 'N', 0);
  const block = int(call, 'block_size', 0);
  const type = int(call, 'quant_type', 1);
  if (!(K > 0 && N > 0 && Number.isSafeInteger(K * N))) throw new Clash(`a weight of ${N} × ${K}`);
  if (!(block >= 16 && block <= 65536)) throw new Unsupported(`blocks of ${block}`);
  if (type !== 0 && type !== 1) throw new Unsupported(`a codebook number ${type}`);
  const packed = input(call, 1);
  const absmax = input(call, 2);
  if (packed.type !== 'uint8' || count(packed.dims) !== Math.ceil((N * K) / 2))
    throw new Clash(`packed weights of ${shapeText(packed.dims)} for ${N} × ${K}`);
  if (absmax.type !== 'float32' || count(absmax.dims) !== Math.ceil((N * K) / block))
    throw new Clash(`${count(absmax.dims)} scales for ${N} × ${K}`);
  if (int(call, 'transB', 1) !== 1) throw new Unsupported('an untransposed weight');
  return { K, N, block, codebook: type === 1 ? 'nf4' : 'fp4' };
}

const quantised = (sizes: (call: Call) => { K: number; N: number }): Rule => ({
  infer: (call) => {
    const x = input(call, 0);
    const { K, N } = sizes(call);
    if (x.type !== 'float32' || x.dims.at(-1) !== K)
      throw new Clash(`${shapeText(x.dims)} times ${K} × ${N} does not fit`);
    return [{ type: 'float32', dims: [...x.dims.slice(0, -1), N] }];
  },
});

const dequantise: Rule = {
  infer: (call) => {
    linearForm(call);
    return [{ type: 'float32', dims: input(call, 0).dims }];
  },
};

export const products: Record<string, Rule> = {
  MatMul: matmul,
  Gemm: gemm,
  DequantizeLinear: dequantise,
  'com.microsoft::MatMulNBits': quantised(nbitsSizes),
  'com.microsoft::MatMulBnb4': quantised(bnb4Sizes),
};
