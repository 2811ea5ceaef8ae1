/** Largest-remainder rounding within `[rMin, rMax]` that spends the budget. */
import { floorOf, ROUNDING, sum, type Bounds, type Rule } from './rule.ts';

export const exact: Rule = {
  bounded: true,
  ranks: ({ total, ...asked }) => largestRemainder({ ...asked, budget: floorOf(total) }),
  rankOf: (share, { rMin, rMax }) => Math.min(rMax, Math.max(rMin, Math.round(share))),
};

interface Budget extends Bounds {
  importances: readonly number[];
  costs: readonly number[];
  budget: number;
}

/**
 * Rounds down, then adds single ranks by largest fractional part (ties: lower index first). In
 * ranks it spends the budget exactly if `n·rMin ≤ budget ≤ n·rMax`. In parameters it skips modules
 * that exceed the rest, so less than one rank of the most expensive module stays unspent.
 */
function largestRemainder({ importances, costs, budget, rMin, rMax }: Budget): number[] {
  const shares = clampedShares({ importances, costs, budget, rMin, rMax });
  const ranks = shares.map(floorOf);
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
  // Later passes spend only what clamps and zero importances leave. Otherwise small modules would
  // collect the odd parameters.
  for (;;) {
    const open = order.filter((i) => ranks[i]! < rMax);
    if (open.length === 0 || left < Math.max(...open.map((i) => costs[i]!))) return ranks;
    give(open);
  }
}

/**
 * `r_i = clamp(λ d_i, rMin, rMax)` with the λ that meets the budget. Each pass (at most n) fixes
 * the side with the larger total violation at its bound and redistributes the rest. Without
 * violations the result is exactly `budget · d_i / Σ d_j c_j`.
 */
function clampedShares({ importances, costs, budget, rMin, rMax }: Budget): number[] {
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
