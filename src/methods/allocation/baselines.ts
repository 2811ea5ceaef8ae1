/** Importances that need no measurement. */
import { uniform } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';

/** The uniform baseline: every rule then gives r̄ to each module. */
export const uniformImportance = (modules: number): number[] => new Array<number>(modules).fill(1);

/**
 * The random baseline: a uniformly distributed point of the simplex (normalised exponentials). The
 * rank rule turns it into a random composition of the budget. The same seed gives the same ranks.
 */
export function randomImportance(modules: number, seed: number): number[] {
  const keys = keysOf(seed, 'randomRanks');
  return Array.from({ length: modules }, (_, i) => -Math.log(uniform(keys, i)));
}
