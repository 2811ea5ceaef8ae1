/**
 * AdaRank's rule (algorithm 1): `r_i = floor(r̄ · n · d_i / Σ d)`. It can give 0 and leaves part of
 * the budget unspent; it has no bounds.
 */
import { floorOf, sum, type Rule } from './rule.ts';

export const floor: Rule = {
  bounded: false,
  ranks({ importances, costs, total }) {
    const weight = sum(importances.map((d, i) => d * costs[i]!));
    return importances.map((d) => floorOf((total * d) / weight));
  },
  rankOf: (share) => floorOf(share),
};
