/**
 * What a rank rule is: how shares of a budget become whole ranks. Each has a file of its name and a
 * line in `registry.ts`.
 */
export interface Rule {
  /** Whether `rMin` and `rMax` bound its ranks. */
  bounded: boolean;
  /**
   * One integer ≥ 0 a module, for importances ≥ 0 of which one at least is above; `costs`: what a
   * rank of each module costs, `total`: what may be spent, rounded in no way.
   */
  ranks(asked: Shares): number[];
  /** The rank of one share by itself, without the other modules' remainders. */
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

/**
 * A share this close below an integer is that integer: equal importances must give r̄, not r̄ − 1.
 */
export const ROUNDING = 1e-9;
export const floorOf = (share: number) => Math.floor(share + ROUNDING);

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
