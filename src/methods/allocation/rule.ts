/**
 * The interface of a rank rule, which rounds shares of a budget to whole ranks. Each rule has its
 * own file and a line in `registry.ts`.
 */
import { elementAt } from '../../checked.ts';

export interface Rule {
  /** True if `rMin` and `rMax` bound the ranks. */
  bounded: boolean;
  /** One integer ≥ 0 per module. */
  ranks(asked: Asked): number[];
  /** The rank of a single share, without the remainders of the other modules. */
  rankOf(share: number, bounds: Bounds): number;
}

/** The smallest and largest rank of a module. Integers, 0 ≤ min ≤ max. */
export interface Bounds {
  min: number;
  max: number;
}

/** All lists are by module. */
export interface Asked {
  /** ≥ 0, at least one is positive. */
  importances: readonly number[];
  /** The cost of one rank. */
  costs: readonly number[];
  bounds: readonly Bounds[];
  /** The budget, not rounded. */
  total: number;
}

/** Tolerance for a share just below an integer: equal importances must give r̄, not r̄ − 1. */
export const ROUNDING = 1e-9;
export const floorOf = (share: number) => Math.floor(share + ROUNDING);

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

export const clamp = (value: number, { min, max }: Bounds) => Math.min(max, Math.max(min, value));

/**
 * Shares `clamp(λ d_i, min_i, max_i)` of the budget, not rounded, with the λ that spends it. Each
 * pass (at most n) fixes the side with the larger total violation at its bounds and redistributes
 * the rest. Without violations the shares are exactly `total · d_i / Σ d_j c_j`.
 */
export function clampedShares({ importances, costs, bounds, total }: Asked): {
  shares: number[];
  lambda: number;
} {
  const shares = bounds.map(({ min }) => min);
  let lambda = 0;
  let free = importances.map((_, i) => i);
  let left = total;
  while (free.length > 0) {
    const weight = sum(free.map((i) => importances[i]! * costs[i]!));
    if (weight > 0) lambda = Math.max(0, left) / weight;
    let violation = 0;
    for (const i of free) {
      shares[i] = weight > 0 ? (Math.max(0, left) * importances[i]!) / weight : 0;
      violation += (clamp(shares[i]!, elementAt(bounds, i)) - shares[i]!) * costs[i]!;
    }
    const below = free.filter((i) => shares[i]! < elementAt(bounds, i).min);
    const above = free.filter((i) => shares[i]! > elementAt(bounds, i).max);
    const fixed = violation > 0 ? below : violation < 0 ? above : [...below, ...above];
    if (fixed.length === 0) break;
    for (const i of fixed) {
      shares[i] = clamp(shares[i]!, elementAt(bounds, i));
      left -= shares[i]! * costs[i]!;
    }
    const gone = new Set(fixed);
    free = free.filter((i) => !gone.has(i));
  }
  return { shares, lambda };
}
