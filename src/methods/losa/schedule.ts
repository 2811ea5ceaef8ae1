/**
 * How fast LoSA prunes and what it spends, round by round (counted from 1). Source:
 * wzhuang-xmu/LoSA; methods.md §4.
 */

/** Share of zeros after round `round` of `rounds`: s − s (1 − t/T)³, most of it early. */
export const sparsityOfRound = (final: number, round: number, rounds: number): number =>
  final - final * (1 - round / rounds) ** 3;

/** How far a layer's sparsity may be from the round's target. */
export const spreadOf = (target: number): number =>
  target <= 0.5 ? 0.01 : target <= 0.6 ? 0.02 : 0.03;

/**
 * The first and last optimiser step of a round, where `steps` are spread evenly over the rounds;
 * none where last < first.
 */
export const stepsOfRound = (
  steps: number,
  round: number,
  rounds: number,
): { first: number; last: number } => ({
  first: Math.floor((steps * (round - 1)) / rounds) + 1,
  last: Math.floor((steps * round) / rounds),
});
