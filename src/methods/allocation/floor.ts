/**
 * AdaRank's rule (algorithm 1): `r_i = floor(r̄ · n · d_i / Σ d)`. A rank can be 0, and part of the
 * budget may stay unspent. Full rank is the only bound.
 */
import { clamp, clampedShares, floorOf, type Rule } from './rule.ts';

export const floor: Rule = {
  bounded: false,
  ranks: (asked) => clampedShares(asked).shares.map(floorOf),
  rankOf: (share, bounds) => clamp(floorOf(share), bounds),
};
