/**
 * Turns importances into a rank pattern by the rules of methods.md §3, as pure functions.
 *
 * `floor` (the paper's, default): `r_i = floor(r̄ · n · d_i / Σ d)`. A rank can be 0 and part of
 * the budget may stay unspent. `exact`: largest-remainder rounding within `[rMin, rMax]` that
 * spends the budget. The budget counts ranks (`n · r̄`) or parameters (`r̄ · Σ (in + out)`, ranks
 * still proportional to `d_i`). The baselines, uniform and random, are importances under the same
 * rule.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { rules, type Rounding } from './registry.ts';
import { floorOf, sum, type Bounds } from './rule.ts';

/** The bounds apply to `exact`. `floor` has none, as in the paper. */
export interface RankRule extends Bounds {
  /** r̄, mean rank per module; any number ≥ 0. */
  meanRank: number;
  rounding: Rounding;
  unit: 'ranks' | 'parameters';
}

/** One rank costs `inFeatures + outFeatures` parameters: one row of A and one column of B. */
export interface Shape {
  inFeatures: number;
  outFeatures: number;
}

export interface Allocation {
  /** One integer ≥ 0 per module. */
  ranks: number[];
  /**
   * Budget and spending, in the unit of the rule. Spending exceeds the budget only if rMin forces
   * it.
   */
  budget: number;
  spent: number;
  /** Parameters of all adapters, Σ r_i (in_i + out_i). */
  parameters: number;
}

const costsOf = (shapes: readonly Shape[], unit: RankRule['unit']) =>
  shapes.map((s) => (unit === 'ranks' ? 1 : s.inFeatures + s.outFeatures));

/**
 * Allocates ranks for one importance ≥ 0 per module. Throws `no-importance` if one is NaN, infinite
 * or negative, if their sum is infinite, or if all are 0. Throws `bad-spec` for an invalid rule.
 */
export function allocate(
  importances: readonly number[],
  shapes: readonly Shape[],
  rule: RankRule,
): Allocation {
  check(importances, shapes, rule);
  const costs = costsOf(shapes, rule.unit);
  const total = rule.meanRank * sum(costs);
  const { rMin, rMax } = rule;
  const ranks = rules[rule.rounding].ranks({ importances, costs, total, rMin, rMax });
  return {
    ranks,
    budget: floorOf(total),
    spent: sum(ranks.map((r, i) => r * costs[i]!)),
    parameters: sum(
      ranks.map((r, i) => r * (elementAt(shapes, i).inFeatures + elementAt(shapes, i).outFeatures)),
    ),
  };
}

/**
 * Returns a function from a multiple of the mean importance to a rank: the rank rule without the
 * remainders of the other modules (`exact` rounds to the nearest rank). Apply it to the ends of an
 * interval to find which ranks the interval allows. `multiples` are those of all modules and
 * convert a multiple into a share of the budget.
 */
export function rankOfMultiple(
  multiples: readonly number[],
  shapes: readonly Shape[],
  rule: RankRule,
): (multiple: number) => number {
  const costs = costsOf(shapes, rule.unit);
  const perMultiple = (rule.meanRank * sum(costs)) / sum(multiples.map((m, i) => m * costs[i]!));
  return (multiple) => {
    return rules[rule.rounding].rankOf(Math.max(0, multiple) * perMultiple, rule);
  };
}

function check(
  importances: readonly number[],
  shapes: readonly Shape[],
  { meanRank, rMin, rMax }: RankRule,
): void {
  if (importances.length !== shapes.length)
    throw new RangeError('allocate needs one shape per importance');
  if (!(meanRank >= 0 && Number.isFinite(meanRank)))
    throw new AtlasError('bad-spec', {
      at: 'allocation.meanRank',
      why: 'it must be a number of at least 0',
    });
  if (!(Number.isInteger(rMin) && Number.isInteger(rMax) && 0 <= rMin && rMin <= rMax)) {
    throw new AtlasError('bad-spec', {
      at: 'allocation.rMin',
      why: 'rMin and rMax must be whole numbers with 0 ≤ rMin ≤ rMax',
    });
  }
  const odd = importances.findIndex((d) => !(d >= 0 && d < Infinity));
  if (odd >= 0)
    throw new AtlasError('no-importance', {
      why: `module ${odd} has the importance ${importances[odd]}`,
    });
  if (!Number.isFinite(sum(importances)))
    throw new AtlasError('no-importance', { why: 'the sum of the importances is too large' });
  if (!importances.some((d) => d > 0))
    throw new AtlasError('no-importance', { why: 'no module changes the logits' });
}
