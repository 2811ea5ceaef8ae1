/**
 * Small removals that compare the first-order prediction with the measured change. [methods.md §5]
 */
import { elementAt } from '../../checked.ts';
import { uniform } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';
import { sumOf, type Decomposition, type SigmaGradients } from './candidates.ts';
import { take } from './svd.ts';

/** A removal is 1/24 of the components. The strongest sixth is never removed. */
const PARTS = 24;
const STRONG = 4;

export interface SmallRemoval {
  module: number;
  /** Number of row blocks. */ blocks: number;
  /** Components [from, to) of every block. */ from: number;
  to: number;
  /** −Σ σᵢ gᵢ. */ predicted: number;
}

/**
 * Seeded picks among all decompositions. All blocks are treated as equally large; a larger block
 * loses the same component numbers.
 */
export function smallRemovals(
  sums: readonly SigmaGradients[],
  count: number,
  seed: number,
): SmallRemoval[] {
  const keys = keysOf(seed, 'smallRemovals');
  return Array.from({ length: count }, (_, n) => {
    const sum = elementAt(sums, Math.floor(uniform(keys, 2 * n) * sums.length));
    const { of } = sum;
    const minLength = Math.min(...of.blocks.map((b) => b.sigma.length));
    const size = Math.max(1, Math.floor(minLength / PARTS));
    const last = Math.max(0, Math.floor(minLength / size) - 1);
    const part = Math.min(
      last,
      STRONG + Math.floor(uniform(keys, 2 * n + 1) * Math.max(1, last - STRONG + 1)),
    );
    const from = part * size;
    const to = from + size;
    const predicted = -sum.contributions().reduce((all, own) => all + sumOf(own, from, to), 0);
    return { module: of.module, blocks: of.blocks.length, from, to, predicted };
  });
}

/** A copy of `w` [out, in] without components [from, to) of every block. */
export function withoutComponents(
  w: Float32Array,
  { blocks, inFeatures }: Decomposition,
  from: number,
  to: number,
): Float32Array {
  const out = w.slice();
  for (const block of blocks)
    take({ w: out, width: inFeatures, block, from, to: Math.min(to, block.sigma.length) });
  return out;
}
