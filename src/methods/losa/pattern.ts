/** Which zeros are allowed: anywhere in a row, or so many of every few neighbours. */
import type { PrunePattern } from '../../device/sparse-twins.ts';

/**
 * `of` 0: anywhere in an output row. Else of every `of` inputs next to each other at least `keep`
 * stay: 2:4 and the like.
 */
export interface Structure {
  keep: number;
  of: number;
}

/**
 * The pattern that brings a module with `inputs` columns to this share of zeros; an N:M one keeps
 * the fewest whole N that stay within it.
 */
export function patternOf({ keep, of }: Structure, sparsity: number, inputs: number): PrunePattern {
  // A share this close below a whole number is that number: 0.5 of 576 is 288.
  if (of === 0) return { kind: 'row', drop: Math.floor(inputs * sparsity + 1e-9) };
  return { kind: 'group', keep: Math.max(keep, Math.ceil(of * (1 - sparsity) - 1e-9)), of };
}
