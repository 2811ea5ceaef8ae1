/** Largest-remainder rounding within the bounds that spends the budget. */
import { elementAt } from '../../checked.ts';
import { clamp, clampedShares, floorOf, ROUNDING, sum, type Asked, type Rule } from './rule.ts';

export const exact: Rule = {
  bounded: true,
  ranks: (asked) => largestRemainder({ ...asked, total: floorOf(asked.total) }),
  rankOf: (share, bounds) => clamp(Math.round(share), bounds),
};

/**
 * Rounds down, then adds single ranks by largest fractional part (ties: lower index first). In
 * ranks it spends the budget exactly if `Σ min ≤ budget ≤ Σ max`. In parameters it skips modules
 * that exceed the rest, so less than one rank of the most expensive module stays unspent.
 */
function largestRemainder(asked: Asked): number[] {
  const { costs, bounds, total } = asked;
  const { shares } = clampedShares(asked);
  const ranks = shares.map(floorOf);
  const order = shares
    .map((_, i) => i)
    .sort((a, b) => shares[b]! - ranks[b]! - (shares[a]! - ranks[a]!) || a - b);
  let left = total - sum(ranks.map((r, i) => r * costs[i]!));
  const open = (i: number) => ranks[i]! < elementAt(bounds, i).max;
  const give = (modules: readonly number[]) => {
    for (const i of modules)
      if (open(i) && costs[i]! <= left) {
        ranks[i]!++;
        left -= costs[i]!;
      }
  };
  give(order.filter((i) => shares[i]! - ranks[i]! > ROUNDING));
  // Later passes spend only what bounds and zero importances leave. Otherwise small modules would
  // collect the odd parameters.
  for (;;) {
    const rest = order.filter(open);
    if (rest.length === 0 || left < Math.max(...rest.map((i) => costs[i]!))) return ranks;
    give(rest);
  }
}
