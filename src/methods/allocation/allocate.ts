/**
 * From importances to ranks: the rules of methods.md §3, as pure functions.
 *
 * `floor` (the paper's, default): `r_i = floor(r̄ · n · d_i / Σ d)`. It can give 0 and leaves part
 * of the budget unspent. `exact`: largest-remainder rounding within `[rMin, rMax]` that spends the
 * budget. The budget counts ranks (`n · r̄`) or parameters (`r̄ · Σ (in + out)`, ranks still
 * proportional to `d_i`). The baselines, uniform and random, are importances put through the same
 * rule.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { rules, type Rounding } from './registry.ts';
import { floorOf, sum, type Bounds } from './rule.ts';

/** The bounds are those of `exact`; `floor` has none, as in the paper. */
export interface RankRule extends Bounds {
  /** r̄, ranks per module on average; any number ≥ 0. */
  meanRank: number;
  rounding: Rounding;
  unit: 'ranks' | 'parameters';
}

/** A rank costs `inFeatures + outFeatures` parameters: one row of A and one column of B. */
export interface Shape {
  inFeatures: number;
  outFeatures: number;
}

export interface Allocation {
  /** One integer ≥ 0 per module. */
  ranks: number[];
  /**
   * What may be spent and what was, in the rule's unit. More is spent than allowed only where rMin
   * asks for it.
   */
  budget: number;
  spent: number;
  /** Parameters of all adapters, Σ r_i (in_i + out_i). */
  parameters: number;
}

const costsOf = (shapes: readonly Shape[], unit: RankRule['unit']) =>
  shapes.map((s) => (unit === 'ranks' ? 1 : s.inFeatures + s.outFeatures));

/**
 * Ranks for one non-negative importance per module. Throws `no-importance` if one is NaN, infinite
 * or negative, or all are 0.
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
 * The rank a module would get for a multiple of the mean importance: the rank rule without the
 * other modules' remainders (`exact` rounds to the nearest rank). Put an interval's ends through it
 * to see which ranks it allows. `multiples` are those of all modules, needed to turn a multiple
 * into a share of the parameters.
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
    throw new AtlasError('no-importance', { why: 'the importances are too large to add' });
  if (!importances.some((d) => d > 0))
    throw new AtlasError('no-importance', { why: 'no module moves the predictions' });
}
