/**
 * Gives allocations the same budget, so that they can be compared. Each preserves its own
 * proportions and spends as much as rank r̄ at every module. Source: methods.md §3, "Budget unit".
 */
import { elementAt } from '../../checked.ts';
import { allocate, type Shape } from './allocate.ts';

export interface EqualBudget {
  /** r̄: the budget is the cost of this rank at every module. */
  meanRank: number;
  /**
   * The quantity held equal. Modules differ in size, so equal ranks and equal parameters differ.
   */
  equal: 'parameters' | 'ranks';
}

/** Cost of one rank of each module. */
export const costsOf = (shapes: readonly Shape[], equal: EqualBudget['equal']): number[] =>
  shapes.map((s) => (equal === 'ranks' ? 1 : s.inFeatures + s.outFeatures));

/** Σ r (in + out). */
export const parametersOf = (ranks: readonly number[], shapes: readonly Shape[]): number =>
  ranks.reduce(
    (sum, r, i) => sum + r * (elementAt(shapes, i).inFeatures + elementAt(shapes, i).outFeatures),
    0,
  );

/**
 * Range of mean ranks tried around r̄, in thousandths of r̄. Rounding to whole ranks leaves up to a
 * few percent of a small budget unspent.
 */
const REACH = 60;

/**
 * Ranks proportional to the importances, by exact rounding. Equal ranks: exactly n · r̄ ranks.
 * Equal parameters: tries mean ranks around r̄ and returns the ranks whose parameters are closest
 * to the budget. Throws `no-importance` as `allocate` does.
 */
export function equalBudgetRanks(
  importances: readonly number[],
  shapes: readonly Shape[],
  { meanRank, equal }: EqualBudget,
): number[] {
  const rMax = Math.min(...shapes.map((s) => Math.min(s.inFeatures, s.outFeatures)));
  const at = (r: number) =>
    allocate(importances, shapes, { meanRank: r, rounding: 'exact', unit: equal, rMin: 0, rMax })
      .ranks;
  let best = at(meanRank);
  if (equal === 'ranks') return best;
  const budget = meanRank * costsOf(shapes, equal).reduce((a, b) => a + b, 0);
  const off = (ranks: readonly number[]) => Math.abs(parametersOf(ranks, shapes) - budget);
  for (let k = 1; k <= REACH && off(best) > 0; k++) {
    for (const r of [meanRank * (1 + k / 1000), meanRank * (1 - k / 1000)]) {
      const ranks = at(r);
      if (off(ranks) < off(best)) best = ranks;
    }
  }
  return best;
}

/**
 * The control: the most important module gets the smallest rank. A module of importance 0 gets as
 * much as the module with the smallest positive importance.
 */
export function inverseImportance(importances: readonly number[]): number[] {
  const min = Math.min(...importances.filter((d) => d > 0));
  return importances.map((d) => 1 / (d > 0 ? d : min));
}
