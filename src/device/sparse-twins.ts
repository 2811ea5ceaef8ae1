/**
 * The pruning kernels on the CPU: the reference implementation for the WGSL tests, and the WASM
 * engine's code where a loop is fast enough. [methods.md §4] A mask has one bit per weight over
 * [outputs, inputs], row-major, bit 0 of a word first, 1 = retained.
 */
import type { AdapterPair } from './training-twins.ts';
import type { ModulePlace } from './twins.ts';

export interface WeightShape {
  outputs: number;
  inputs: number;
}

/**
 * Which weights are pruned: the `drop` smallest of every output row, or all but the `keep` largest
 * of every `of` neighbours in a row.
 */
export type PrunePattern =
  { kind: 'row'; drop: number } | { kind: 'group'; keep: number; of: number };

/** Number of 32-bit words of a mask. */
export const maskWords = ({ outputs, inputs }: WeightShape): number =>
  Math.ceil((outputs * inputs) / 32);

export const isRetained = (mask: Uint32Array, i: number): boolean =>
  ((mask[i >>> 5]! >>> (i & 31)) & 1) === 1;

/** Number of weights that a mask retains. */
export function retainedCount(mask: Uint32Array): number {
  let sum = 0;
  for (let word of mask) for (; word !== 0; word = (word & (word - 1)) >>> 0) sum++;
  return sum;
}

/**
 * The mask of the retained weights of `weight` [outputs, inputs], by |W| · norms[k], or by |W|
 * alone. Ties in a row prune the first entries (a stable sort, as in torch). The product is
 * rounded to float32, as in the kernel.
 */
export function pruneMask(
  weight: Float32Array,
  norms: Float32Array | null,
  { outputs, inputs }: WeightShape,
  pattern: PrunePattern,
): Uint32Array {
  const mask = new Uint32Array(maskWords({ outputs, inputs }));
  const metric = new Float32Array(inputs);
  const groupSize = pattern.kind === 'row' ? inputs : pattern.of;
  const sorted = new Float32Array(groupSize);
  for (let row = 0; row < outputs; row++) {
    for (let k = 0; k < inputs; k++)
      metric[k] = Math.abs(weight[row * inputs + k]!) * (norms ? norms[k]! : 1);
    for (let start = 0; start < inputs; start += groupSize) {
      const own = metric.subarray(start, start + groupSize);
      const drop = pattern.kind === 'row' ? pattern.drop : Math.max(0, own.length - pattern.keep);
      const limit = drop === 0 ? -1 : sortedCopy(own, sorted)[drop - 1]!;
      let equal = drop;
      for (let k = 0; k < own.length; k++) if (own[k]! < limit) equal--;
      for (let k = 0; k < own.length; k++) {
        const value = own[k]!;
        const i = row * inputs + start + k;
        if (value > limit || (value === limit && equal-- <= 0)) mask[i >>> 5]! |= 1 << (i & 31);
      }
    }
  }
  return mask;
}

function sortedCopy(values: Float32Array, scratch: Float32Array): Float32Array {
  const own = scratch.subarray(0, values.length);
  own.set(values);
  return own.sort();
}

/**
 * into [outputs, inputs] = M ⊙ (weight + scale · delta). `into` may alias `delta`. A null `mask`
 * retains all.
 */
export function maskedSum({
  weight,
  mask,
  delta,
  scale,
  into,
}: {
  weight: Float32Array;
  mask: Uint32Array | null;
  delta: Float32Array;
  scale: number;
  into: Float32Array;
}): void {
  if (!mask) {
    for (let i = 0; i < weight.length; i++) into[i] = weight[i]! + scale * delta[i]!;
    return;
  }
  for (let i = 0; i < weight.length; i++)
    into[i] = (mask[i >>> 5]! >>> (i & 31)) & 1 ? weight[i]! + scale * delta[i]! : 0;
}

/** B A [outputs, inputs] of A [rank, inputs] and Bᵀ [rank, outputs]. */
export function lowRank(
  { a, b }: AdapterPair<Float32Array>,
  { outputs, inputs }: WeightShape,
): Float32Array {
  const out = new Float32Array(outputs * inputs);
  const rank = b.length / outputs;
  for (let o = 0; o < outputs; o++) {
    for (let r = 0; r < rank; r++) {
      const factor = b[r * outputs + o]!;
      for (let k = 0; k < inputs; k++) out[o * inputs + k]! += factor * a[r * inputs + k]!;
    }
  }
  return out;
}

/** Sets the pruned weights to zero, in place. */
export function applyMask(weight: Float32Array, mask: Uint32Array): void {
  for (let i = 0; i < weight.length; i++)
    if (((mask[i >>> 5]! >>> (i & 31)) & 1) === 0) weight[i] = 0;
}

/**
 * Computes G ⊙ M [outputs, inputs] for G = Σ_t dy_t x_tᵀ, and writes dA = s Bᵀ(G ⊙ M) and dBᵀ = s A
 * (G ⊙ M)ᵀ to `into`.
 */
export function maskedGradient({
  x,
  dy,
  place: { tokens, inFeatures, outFeatures, column, stride },
  mask,
  adapter,
  scale,
  into,
}: {
  x: Float32Array;
  dy: Float32Array;
  place: ModulePlace;
  mask: Uint32Array;
  adapter: AdapterPair<Float32Array>;
  scale: number;
  into: AdapterPair<Float32Array>;
}): void {
  const g = new Float64Array(outFeatures * inFeatures);
  const rank = adapter.a.length / inFeatures;
  for (let t = 0; t < tokens; t++) {
    for (let o = 0; o < outFeatures; o++) {
      const factor = dy[t * stride + column + o]!;
      for (let k = 0; k < inFeatures; k++)
        g[o * inFeatures + k]! += factor * x[t * inFeatures + k]!;
    }
  }
  const dA = new Float64Array(rank * inFeatures);
  const dB = new Float64Array(rank * outFeatures);
  for (let o = 0; o < outFeatures; o++) {
    for (let k = 0; k < inFeatures; k++) {
      if (!isRetained(mask, o * inFeatures + k)) continue;
      const value = g[o * inFeatures + k]!;
      for (let r = 0; r < rank; r++) {
        dA[r * inFeatures + k]! += adapter.b[r * outFeatures + o]! * value;
        dB[r * outFeatures + o]! += adapter.a[r * inFeatures + k]! * value;
      }
    }
  }
  into.a.set(dA.map((v) => scale * v));
  into.b.set(dB.map((v) => scale * v));
}

/** Σ_t (x[t, k] − y[t, k])² per column k, or Σ_t x[t, k]² if `y` is null. */
export function columnSquares(
  x: Float32Array,
  y: Float32Array | null,
  columns: number,
): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0, k = 0; i < x.length; i++, k = k + 1 === columns ? 0 : k + 1) {
    const value = y ? x[i]! - y[i]! : x[i]!;
    out[k]! += value * value;
  }
  return out;
}

/** x_i · x_j over samples of equal size, [samples, samples]. */
export function gram(x: Float32Array, samples: number): Float64Array {
  const size = x.length / samples;
  const out = new Float64Array(samples * samples);
  for (let i = 0; i < samples; i++) {
    for (let j = i; j < samples; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += x[i * size + k]! * x[j * size + k]!;
      out[i * samples + j] = out[j * samples + i] = sum;
    }
  }
  return out;
}
