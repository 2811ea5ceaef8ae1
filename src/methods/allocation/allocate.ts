/**
 * Turns importances into a rank pattern by the rules of methods.md §3, as pure functions.
 *
 * `floor` (the paper's, default): `r_i = floor(r̄ · n · d_i / Σ d)`. A rank can be 0 and part of
 * the budget may stay unspent. `exact`: largest-remainder rounding within `[rMin, rMax]` that
 * spends the budget. No rank exceeds full rank, min(in, out); the budget that this frees goes to
 * the other modules, in proportion. The budget counts ranks (`n · r̄`) or parameters
 * (`r̄ · Σ (in + out)`, ranks still proportional to `d_i`). The baselines, uniform and random, are
 * importances under the same rule.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { rules, type Rounding } from './registry.ts';
import { clampedShares, floorOf, sum, type Asked, type Bounds } from './rule.ts';

/** How a budget of ranks or parameters becomes ranks. */
export interface RankRule {
  /** r̄, mean rank per module; any number ≥ 0. */
  meanRank: number;
  rounding: Rounding;
  unit: 'ranks' | 'parameters';
  /** Bounds of `exact`; `floor` has none, as in the paper. Integers, 0 ≤ rMin ≤ rMax. */
  rMin: number;
  rMax: number;
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
  /** Number of modules at full rank. */
  full: number;
}

const costsOf = (shapes: readonly Shape[], unit: RankRule['unit']) =>
  shapes.map((s) => (unit === 'ranks' ? 1 : s.inFeatures + s.outFeatures));

/** The largest useful rank of an adapter of this module. */
export const fullRank = ({ inFeatures, outFeatures }: Shape): number =>
  Math.min(inFeatures, outFeatures);

function asked(
  importances: readonly number[],
  shapes: readonly Shape[],
  { meanRank, unit, rounding, rMin, rMax }: RankRule,
): Asked {
  const costs = costsOf(shapes, unit);
  const bounds = shapes.map((shape): Bounds => {
    const full = fullRank(shape);
    return rules[rounding].bounded
      ? { min: Math.min(rMin, full), max: Math.min(rMax, full) }
      : { min: 0, max: full };
  });
  return { importances, costs, bounds, total: meanRank * sum(costs) };
}

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
  const question = asked(importances, shapes, rule);
  const ranks = rules[rule.rounding].ranks(question);
  return {
    ranks,
    budget: floorOf(question.total),
    spent: sum(ranks.map((r, i) => r * question.costs[i]!)),
    parameters: sum(
      ranks.map((r, i) => r * (elementAt(shapes, i).inFeatures + elementAt(shapes, i).outFeatures)),
    ),
    full: ranks.filter((r, i) => r === fullRank(elementAt(shapes, i))).length,
  };
}

/**
 * Returns a function from a multiple of the mean importance to a module's rank: the rank rule
 * without the remainders of the other modules (`exact` rounds to the nearest rank). Apply it to the
 * ends of an interval to find which ranks the interval allows. `multiples` are those of all modules
 * and convert a multiple into a share of the budget.
 */
export function rankOfMultiple(
  multiples: readonly number[],
  shapes: readonly Shape[],
  rule: RankRule,
): (multiple: number, module: number) => number {
  const question = asked(multiples, shapes, rule);
  const { lambda } = clampedShares(question);
  return (multiple, module) =>
    rules[rule.rounding].rankOf(Math.max(0, multiple) * lambda, elementAt(question.bounds, module));
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
