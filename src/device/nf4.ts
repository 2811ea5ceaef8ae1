/**
 * NF4 with double quantisation, from float32 weights: the CPU reference implementation of
 * `shaders/quantise-nf4.wgsl`, equal bit for bit.
 *
 * Source: QLoRA (arXiv 2305.14314), bitsandbytes; methods.md §2. Weights are flattened row-major
 * over [out, in], in blocks of 64. Each weight is divided by the block's largest magnitude (absmax)
 * and takes the nearest NF4 level, with the even index in the high nibble. Then the mean of the
 * absmax values is subtracted, and blocks of 256 are quantised to 8 bits on the dynamic map.
 */
import { DYNAMIC8, NF4 } from '../compiler/codebooks.ts';

export const NF4_BLOCK = 64;
export const ABSMAX_BLOCK = 256;

/** The second level: absmax ≈ DYNAMIC8[code] · largest[⌊i / 256⌋] + offset. */
export interface QuantisedAbsmax {
  /** One byte per block of weights. */
  codes: Uint8Array;
  /** Mean of all absmax values. */
  offset: number;
  /** Largest |absmax − offset| of every 256. */
  largest: Float32Array;
}

export interface Nf4 {
  /** ⌈weights / 2⌉ bytes. An odd tail ends with the code of 0. */
  packed: Uint8Array;
  /** Measured values, one float32 per block. Dequantisation uses `decodeAbsmax(second)` instead. */
  absmax: Float32Array;
  second: QuantisedAbsmax;
}

/** Code of 0. */
const ZERO = NF4.indexOf(0);

const smallest = new Float32Array(1);
const bits = new Int32Array(smallest.buffer);

/**
 * For each level but the first, the smallest number that is quantised to it. The nearest level is
 * chosen by float32 distances, and the lower level wins ties, as in bitsandbytes. Comparisons give
 * the same result on every device; rounded differences do not.
 */
export function thresholds(levels: Float32Array): Float32Array {
  return Float32Array.from({ length: levels.length - 1 }, (_, i) => {
    const low = levels[i]!;
    const high = levels[i + 1]!;
    const upper = (s: number) => Math.fround(s - low) > Math.fround(high - s);
    const step = (direction: 1 | -1): number => {
      bits[0] = bits[0]! + (smallest[0]! > 0 ? direction : -direction);
      return smallest[0]!;
    };
    smallest[0] = (low + high) / 2;
    while (upper(smallest[0])) step(-1);
    while (!upper(smallest[0])) step(1);
    return smallest[0];
  });
}

export const NF4_THRESHOLDS = thresholds(NF4);
export const DYNAMIC_THRESHOLDS = thresholds(DYNAMIC8);

/** The code of the nearest level: the number of thresholds at or below `s`. */
function codeOf(s: number, limits: Float32Array): number {
  let from = 0;
  let to = limits.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (s >= limits[middle]!) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Replaces a subnormal largest magnitude by 0, because a device may flush subnormals. */
const normal = (top: number): number => (top < 2 ** -126 ? 0 : top);

/** 1/x in float32, and 0 for 0. */
const reciprocal = (x: number): number => (x === 0 ? 0 : Math.fround(1 / x));

/** Quantises weights, which must be finite and below 1e37. */
export function quantiseNf4(weights: Float32Array): Nf4 {
  const count = weights.length;
  const blocks = Math.ceil(count / NF4_BLOCK);
  const packed = new Uint8Array(Math.ceil(count / 2));
  const absmax = new Float32Array(blocks);
  for (let b = 0; b < blocks; b++) {
    const end = Math.min(count, (b + 1) * NF4_BLOCK);
    let top = 0;
    for (let i = b * NF4_BLOCK; i < end; i++) top = Math.max(top, Math.abs(weights[i]!));
    absmax[b] = normal(top);
    const factor = reciprocal(absmax[b]!);
    for (let i = b * NF4_BLOCK; i < end; i += 2) {
      const high = codeOf(Math.fround(weights[i]! * factor), NF4_THRESHOLDS);
      const low =
        i + 1 < end ? codeOf(Math.fround(weights[i + 1]! * factor), NF4_THRESHOLDS) : ZERO;
      packed[i >> 1] = (high << 4) | low;
    }
  }
  return { packed, absmax, second: quantiseAbsmax(absmax) };
}

/**
 * Quantises absmax values to 8 bits. If all values of a block equal the mean, its `largest` and
 * codes are 0, to avoid 0/0.
 */
export function quantiseAbsmax(absmax: Float32Array): QuantisedAbsmax {
  const offset = meanOf(absmax);
  const codes = new Uint8Array(absmax.length);
  const largest = new Float32Array(Math.ceil(absmax.length / ABSMAX_BLOCK));
  for (let b = 0; b < largest.length; b++) {
    const own = absmax.subarray(b * ABSMAX_BLOCK, (b + 1) * ABSMAX_BLOCK).map((a) => a - offset);
    largest[b] = normal(own.reduce((max, a) => Math.max(max, Math.abs(a)), 0));
    const factor = reciprocal(largest[b]!);
    if (factor > 0)
      own.forEach((a, i) => {
        codes[b * ABSMAX_BLOCK + i] = codeOf(Math.fround(a * factor), DYNAMIC_THRESHOLDS);
      });
  }
  return { codes, offset, largest };
}

/** Adds in the order of the kernel: 256 sums over every 256th value, then a tree of halves. */
function meanOf(values: Float32Array): number {
  const sums = new Float32Array(ABSMAX_BLOCK);
  for (let i = 0; i < values.length; i++)
    sums[i % ABSMAX_BLOCK] = sums[i % ABSMAX_BLOCK]! + values[i]!;
  for (let half = ABSMAX_BLOCK / 2; half > 0; half >>= 1) {
    for (let i = 0; i < half; i++) sums[i] = sums[i]! + sums[i + half]!;
  }
  return Math.fround(sums[0]! * Math.fround(1 / values.length));
}

/** The dequantised absmax values, which dequantise the weights. */
export function decodeAbsmax({ codes, offset, largest }: QuantisedAbsmax): Float32Array {
  return Float32Array.from(
    codes,
    (code, i) => Math.fround(DYNAMIC8[code]! * largest[Math.floor(i / ABSMAX_BLOCK)]!) + offset,
  );
}
