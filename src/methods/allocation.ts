/**
 * From importances to ranks: the rules of methods.md §3, as pure functions.
 *
 * `floor` (the paper's, default): `r_i = floor(r̄ · n · d_i / Σ d)`. It can give 0 and leaves part
 * of the budget unspent. `exact`: largest-remainder rounding within `[rMin, rMax]` that spends the
 * budget. The budget counts ranks (`n · r̄`) or parameters (`r̄ · Σ (in + out)`, ranks still
 * proportional to `d_i`). The baselines, uniform and random, are importances put through the same
 * rule.
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { uniform } from '../device/random.ts';
import { keysOf } from '../device/streams.ts';

export interface RankRule {
  /** r̄, ranks per module on average; any number ≥ 0. */
  meanRank: number;
  rounding: 'floor' | 'exact';
  unit: 'ranks' | 'parameters';
  /** Clamps of `exact`; `floor` has none, as in the paper. Integers, 0 ≤ rMin ≤ rMax. */
  rMin: number;
  rMax: number;
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

/**
 * A share this close below an integer is that integer: equal importances must give r̄, not r̄ − 1.
 */
const ROUNDING = 1e-9;
const floor = (share: number) => Math.floor(share + ROUNDING);

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

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
  const budget = floor(total);
  const weight = sum(importances.map((d, i) => d * costs[i]!));
  const ranks =
    rule.rounding === 'floor'
      ? importances.map((d) => floor((total * d) / weight))
      : largestRemainder({ importances, costs, budget, rMin: rule.rMin, rMax: rule.rMax });
  return {
    ranks,
    budget,
    spent: sum(ranks.map((r, i) => r * costs[i]!)),
    parameters: sum(
      ranks.map((r, i) => r * (elementAt(shapes, i).inFeatures + elementAt(shapes, i).outFeatures)),
    ),
  };
}

/**
 * Floors, then one rank more by largest fractional part (ties: lower index first) as far as the
 * budget goes.
 *
 * Ranks: spends the budget exactly if `n·rMin ≤ budget ≤ n·rMax`. Parameters: a module too dear for
 * what is left is passed over, so less than one rank of the dearest module stays unspent.
 */
function largestRemainder({
  importances,
  costs,
  budget,
  rMin,
  rMax,
}: {
  importances: readonly number[];
  costs: readonly number[];
  budget: number;
  rMin: number;
  rMax: number;
}): number[] {
  const shares = clampedShares({ importances, costs, budget, rMin, rMax });
  const ranks = shares.map(floor);
  const order = shares
    .map((_, i) => i)
    .sort((a, b) => shares[b]! - ranks[b]! - (shares[a]! - ranks[a]!) || a - b);
  let left = budget - sum(ranks.map((r, i) => r * costs[i]!));
  const give = (modules: readonly number[]) => {
    for (const i of modules)
      if (ranks[i]! < rMax && costs[i]! <= left) {
        ranks[i]!++;
        left -= costs[i]!;
      }
  };
  give(order.filter((i) => shares[i]! - ranks[i]! > ROUNDING));
  // Further rounds are only for what clamps and zero importances leave over; else small modules
  // would collect the odd parameters.
  for (;;) {
    const open = order.filter((i) => ranks[i]! < rMax);
    if (open.length === 0 || left < Math.max(...open.map((i) => costs[i]!))) return ranks;
    give(open);
  }
}

/**
 * `r_i = clamp(λ d_i, rMin, rMax)` with the λ that meets the budget: of the modules out of bounds,
 * the side that is violated more in sum is fixed at its bound and the rest shared out again (at
 * most n times). With nothing out of bounds this is exactly `budget · d_i / Σ d_j c_j`.
 */
function clampedShares({
  importances,
  costs,
  budget,
  rMin,
  rMax,
}: {
  importances: readonly number[];
  costs: readonly number[];
  budget: number;
  rMin: number;
  rMax: number;
}): number[] {
  const shares = new Array<number>(importances.length).fill(rMin);
  let free = importances.map((_, i) => i);
  let left = budget;
  while (free.length > 0) {
    const weight = sum(free.map((i) => importances[i]! * costs[i]!));
    let violation = 0;
    for (const i of free) {
      shares[i] = weight > 0 ? (Math.max(0, left) * importances[i]!) / weight : 0;
      violation += (Math.min(rMax, Math.max(rMin, shares[i]!)) - shares[i]!) * costs[i]!;
    }
    const below = free.filter((i) => shares[i]! < rMin);
    const above = free.filter((i) => shares[i]! > rMax);
    const fixed = violation > 0 ? below : violation < 0 ? above : [...below, ...above];
    if (fixed.length === 0) break;
    for (const i of fixed) {
      shares[i] = Math.min(rMax, Math.max(rMin, shares[i]!));
      left -= shares[i]! * costs[i]!;
    }
    const gone = new Set(fixed);
    free = free.filter((i) => !gone.has(i));
  }
  return shares;
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
    const share = Math.max(0, multiple) * perMultiple;
    return rule.rounding === 'floor'
      ? floor(share)
      : Math.min(rule.rMax, Math.max(rule.rMin, Math.round(share)));
  };
}

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
