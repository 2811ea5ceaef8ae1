/** Small removals, to hold the prediction against the truth where a first order must be right. [methods.md §5] */
import { streamKeys, uniform } from '../../device/random.ts';
import type { Decomposition, SigmaGradients } from './candidates.ts';

/** A stream of its own, far from every module's. */
const PICKS = 0xfffffffb;
/** A removal is a 24th of the components; the strongest sixth stays. */
const PARTS = 24, STRONG = 4;

export interface SmallRemoval { module: number; /** Number of row blocks. */ blocks: number; /** Components [from, to) of every block. */ from: number; to: number; /** −Σ σᵢ gᵢ. */ predicted: number }

/** Seeded picks among all decompositions. Blocks are taken to be equally large; of a larger one the same numbers go. */
export function smallRemovals(sums: readonly SigmaGradients[], count: number, seed: number): SmallRemoval[] {
  const keys = streamKeys(seed, PICKS, 0);
  return Array.from({ length: count }, (_, n) => {
    const sum = sums[Math.floor(uniform(keys, 2 * n) * sums.length)]!, { of } = sum, g = sum.gradients();
    const least = Math.min(...of.blocks.map((b) => b.sigma.length)), size = Math.max(1, Math.floor(least / PARTS));
    const last = Math.max(0, Math.floor(least / size) - 1), part = Math.min(last, STRONG + Math.floor(uniform(keys, 2 * n + 1) * Math.max(1, last - STRONG + 1)));
    const from = part * size, to = from + size;
    let predicted = 0;
    of.blocks.forEach(({ sigma }, b) => { for (let i = from; i < to; i++) predicted -= sigma[i]! * g[b]![i]!; });
    return { module: of.module, blocks: of.blocks.length, from, to, predicted };
  });
}

/** A copy of `w` [out, in] without components [from, to) of every block. */
export function withoutComponents(w: Float32Array, { blocks, inFeatures }: Decomposition, from: number, to: number): Float32Array {
  const out = w.slice();
  for (const { rows, sigma, u, v } of blocks) {
    for (let i = from; i < Math.min(to, sigma.length); i++) {
      rows.forEach((row, r) => {
        const factor = sigma[i]! * u[i * rows.length + r]!;
        for (let k = 0; k < inFeatures; k++) out[row * inFeatures + k]! -= factor * v[i * inFeatures + k]!;
      });
    }
  }
  return out;
}
