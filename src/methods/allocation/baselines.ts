/** Importances that need no measurement. */
import { uniform } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';

/** Importances of the uniform baseline: put through any rule they give r̄ everywhere. */
export const uniformImportance = (modules: number): number[] => new Array<number>(modules).fill(1);

/**
 * Importances of the random baseline: a uniformly distributed point of the simplex (normalised
 * exponentials), so that the rank rule makes of it a random composition of the budget. The same
 * seed, the same ranks.
 */
export function randomImportance(modules: number, seed: number): number[] {
  const keys = keysOf(seed, 'randomRanks');
  return Array.from({ length: modules }, (_, i) => -Math.log(uniform(keys, i)));
}
