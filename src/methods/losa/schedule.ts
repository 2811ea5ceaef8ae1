/**
 * LoSA's schedule of sparsity and steps by round (counted from 1). Source: wzhuang-xmu/LoSA;
 * methods.md §4.
 */

/** Sparsity after round `round` of `rounds`: s − s (1 − t/T)³. Most pruning happens early. */
export const sparsityOfRound = (final: number, round: number, rounds: number): number =>
  final - final * (1 - round / rounds) ** 3;

/** Maximum distance of a layer's sparsity from the target of the round. */
export const spreadOf = (target: number): number =>
  target <= 0.5 ? 0.01 : target <= 0.6 ? 0.02 : 0.03;

/**
 * First and last optimiser step of a round, with `steps` spread evenly over the rounds. The round
 * has no steps if last < first.
 */
export const stepsOfRound = (
  steps: number,
  round: number,
  rounds: number,
): { first: number; last: number } => ({
  first: Math.floor((steps * (round - 1)) / rounds) + 1,
  last: Math.floor((steps * round) / rounds),
});
