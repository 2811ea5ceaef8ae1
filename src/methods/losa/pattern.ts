/** The sparsity pattern: zeros anywhere in a row, or an N:M pattern. */
import type { PrunePattern } from '../../device/sparse-twins.ts';

/**
 * `of` 0: anywhere in an output row. Else at least `keep` of every `of` consecutive inputs are
 * retained, for example 2:4.
 */
export interface Structure {
  keep: number;
  of: number;
}

/**
 * The pattern that gives a module with `inputs` columns this sparsity. An N:M pattern retains the
 * smallest whole N whose sparsity does not exceed it.
 */
export function patternOf({ keep, of }: Structure, sparsity: number, inputs: number): PrunePattern {
  // Tolerance for a product just below a whole number: 0.5 of 576 is 288.
  if (of === 0) return { kind: 'row', drop: Math.floor(inputs * sparsity + 1e-9) };
  return { kind: 'group', keep: Math.max(keep, Math.ceil(of * (1 - sparsity) - 1e-9)), of };
}
