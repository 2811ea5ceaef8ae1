/**
 * The rank of every layer, shared by its modules: a share of the budget by reconstruction error (or
 * RMI). Source: wzhuang-xmu/LoSA; methods.md §4.
 */
import { AtlasError } from '../../errors.ts';

/**
 * clip(round(w_i / Σw · r̄ · n), 1, most). Further passes then take one rank each from the lowest w
 * upwards, or add one each from the highest downwards, until Σ r equals the budget round(r̄ n).
 * Throws `bad-spec` if the limits rule out the budget, and `no-importance` if a weight is negative
 * or their sum is not finite and positive.
 */
export function blockRanks(
  weights: readonly number[],
  meanRank: number,
  maxRank: number,
): number[] {
  const n = weights.length;
  const budget = Math.round(meanRank * n);
  const total = weights.reduce((a, b) => a + b, 0);
  if (budget < n || budget > maxRank * n)
    throw new AtlasError('bad-spec', {
      at: 'prune.meanRank',
      why: `a mean rank of ${meanRank} is not possible with ranks from 1 to ${maxRank}`,
    });
  if (!(total > 0 && Number.isFinite(total)) || weights.some((w) => w < 0))
    throw new AtlasError('no-importance', {
      why: 'the reconstruction errors are not finite numbers above 0',
    });
  const ranks = weights.map((w) =>
    Math.min(maxRank, Math.max(1, Math.round((w / total) * meanRank * n))),
  );
  let over = ranks.reduce((a, b) => a + b, 0) - budget;
  const step = over > 0 ? -1 : 1;
  const order = weights
    .map((_, i) => i)
    .sort((a, b) => step * (weights[b]! - weights[a]!) || a - b);
  while (over !== 0) {
    for (const i of order) {
      const rank = ranks[i]! + step;
      if (over === 0 || rank < 1 || rank > maxRank) continue;
      ranks[i] = rank;
      over += step;
    }
  }
  return ranks;
}
