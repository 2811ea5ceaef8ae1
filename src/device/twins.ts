/**
 * The measurement kernels on the CPU, with the same arithmetic in plain loops. They are the
 * reference implementation of the WGSL, in the self-test at load and in the tests. The WASM engine
 * uses them where a loop is fast enough.
 */
import { fillNormal, type StreamKeys } from './random.ts';

/**
 * A module's place in a product. The input has `tokens` rows of `inFeatures` numbers. The output is
 * columns `[column, column + outFeatures)` of rows of `stride`.
 */
export interface ModulePlace {
  tokens: number;
  inFeatures: number;
  outFeatures: number;
  column: number;
  stride: number;
}

/** Where the change of a module's output is added. */
export type NoiseTarget = ModulePlace;

/**
 * One draw of a module's perturbation. `row` is the first of the `tokens` rows it changes. `bias`
 * also perturbs the bias, with elements out·in and following.
 */
export interface NoiseSlot {
  keys: StreamKeys;
  std: number;
  row: number;
  bias: boolean;
}

/** Second index of a pair that selects the output of the clean pass. */
export const CLEAN = 0xffffffff;

/** y[slot.row + t, column + o] += std · Σ_k x[t, k] · N(o·in + k). `x` is [tokens, in]. */
export function noiseProduct(
  x: Float32Array,
  y: Float32Array,
  target: NoiseTarget,
  slots: readonly NoiseSlot[],
): void {
  const { tokens, inFeatures, outFeatures, column, stride } = target;
  const row = new Float32Array(inFeatures);
  for (const { keys, std, row: first, bias } of slots) {
    for (let o = 0; o < outFeatures; o++) {
      fillNormal(keys, row, o * inFeatures);
      const shift = bias
        ? fillNormal(keys, new Float32Array(1), outFeatures * inFeatures + o)[0]!
        : 0;
      for (let t = 0; t < tokens; t++) {
        let sum = shift;
        for (let k = 0; k < inFeatures; k++) sum += x[t * inFeatures + k]! * row[k]!;
        const at = (first + t) * stride + column + o;
        y[at] = y[at]! + std * sum;
      }
    }
  }
}

/** Adds Σ_v |a[r, v] − b[r, v]| to `sums[r]`. If `b` is null, `a` is the difference. */
export function rowSums(
  a: Float32Array,
  b: Float32Array | null,
  sums: Float64Array,
  columns: number,
): void {
  for (let r = 0; r < sums.length; r++) {
    let sum = 0;
    for (let i = r * columns; i < (r + 1) * columns; i++) sum += Math.abs(a[i]! - (b ? b[i]! : 0));
    sums[r] = sums[r]! + sum;
  }
}

/**
 * out[p] = h[pairs[2p]] − h[pairs[2p + 1]], or h[pairs[2p]] − clean if that index is CLEAN. An
 * entry has `size` numbers.
 */
export function pairDifference(
  h: Float32Array,
  clean: Float32Array,
  pairs: Uint32Array,
  size: number,
): Float32Array {
  const out = new Float32Array((pairs.length / 2) * size);
  for (let p = 0; p * 2 < pairs.length; p++) {
    const first = pairs[2 * p]! * size;
    const second = pairs[2 * p + 1]!;
    const other = second === CLEAN ? clean : h;
    const at = second === CLEAN ? 0 : second * size;
    for (let i = 0; i < size; i++) out[p * size + i] = h[first + i]! - other[at + i]!;
  }
  return out;
}

/**
 * base + scale · B A, where B A is zero if the mask bit is zero. A [rank, inputs], B
 * [outputs, rank], mask one bit per weight, bit 0 first.
 */
export function loraDelta({
  a,
  b,
  base,
  mask,
  outputs,
  inputs,
  rank,
  scale,
}: {
  a: Float32Array;
  b: Float32Array;
  base: Float32Array | null;
  mask: Uint32Array | null;
  outputs: number;
  inputs: number;
  rank: number;
  scale: number;
}): Float32Array {
  const out = new Float32Array(outputs * inputs);
  for (let o = 0; o < outputs; o++) {
    for (let k = 0; k < inputs; k++) {
      const i = o * inputs + k;
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b[o * rank + r]! * a[r * inputs + k]!;
      if (mask && ((mask[i >>> 5]! >>> (i & 31)) & 1) === 0) sum = 0;
      out[i] = scale * sum + (base ? base[i]! : 0);
    }
  }
  return out;
}
