/**
 * The interface of a rank rule, which rounds shares of a budget to whole ranks. Each rule has its
 * own file and a line in `registry.ts`.
 */
export interface Rule {
  /** True if `rMin` and `rMax` bound the ranks. */
  bounded: boolean;
  /**
   * One integer ≥ 0 per module. Importances are ≥ 0 and at least one is positive. `costs`: the cost
   * of one rank per module. `total`: the budget, not rounded.
   */
  ranks(asked: Shares): number[];
  /** The rank of a single share, without the remainders of the other modules. */
  rankOf(share: number, bounds: Bounds): number;
}

/** Integers, 0 ≤ rMin ≤ rMax. */
export interface Bounds {
  rMin: number;
  rMax: number;
}

export interface Shares extends Bounds {
  importances: readonly number[];
  costs: readonly number[];
  total: number;
}

/** Tolerance for a share just below an integer: equal importances must give r̄, not r̄ − 1. */
export const ROUNDING = 1e-9;
export const floorOf = (share: number) => Math.floor(share + ROUNDING);

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
