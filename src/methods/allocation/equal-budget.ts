/**
 * One budget for allocations that are to be compared: every one keeps its own proportions and
 * spends as much as rank r̄ at every module would. Source: methods.md §3, "Budget unit".
 */
import { elementAt } from '../../checked.ts';
import { allocate, type Shape } from './allocate.ts';

export interface EqualBudget {
  /** r̄: the budget is what this rank at every module costs. */
  meanRank: number;
  /** What is kept equal; modules differ in size, so it is one or the other. */
  equal: 'parameters' | 'ranks';
}

/** What one rank of each module costs. */
export const costsOf = (shapes: readonly Shape[], equal: EqualBudget['equal']): number[] =>
  shapes.map((s) => (equal === 'ranks' ? 1 : s.inFeatures + s.outFeatures));

/** Σ r (in + out). */
export const parametersOf = (ranks: readonly number[], shapes: readonly Shape[]): number =>
  ranks.reduce(
    (sum, r, i) => sum + r * (elementAt(shapes, i).inFeatures + elementAt(shapes, i).outFeatures),
    0,
  );

/**
 * Mean ranks tried around r̄, in thousandths of it: rounding to whole ranks leaves up to a few
 * percent of a small budget.
 */
const REACH = 60;

/**
 * Ranks in proportion to the importances, by exact rounding. Equal ranks: exactly n · r̄ of them.
 * Equal parameters: of the mean ranks around r̄, the one whose parameters come closest to the
 * budget. Throws `no-importance` as `allocate` does.
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
 * The control: what matters most gets least. A module that does not matter gets as much as the one
 * that matters least.
 */
export function inverseImportance(importances: readonly number[]): number[] {
  const least = Math.min(...importances.filter((d) => d > 0));
  return importances.map((d) => 1 / (d > 0 ? d : least));
}
