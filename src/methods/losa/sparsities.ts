/**
 * The sparsity of every layer from its importance: a linear programme with a greedy solution.
 * Source: wzhuang-xmu/LoSA; methods.md §4.
 */
import { AtlasError } from '../../errors.ts';

/**
 * Minimises Σ s_i · importance_i with mean(s) = target and |s_i − target| ≤ spread, 0 ≤ s_i ≤ 1.
 * The least important layers get the maximum (ties: lower index first). Throws `bad-spec` unless 0
 * ≤ target < 1.
 */
export function layerSparsities(
  importances: readonly number[],
  target: number,
  spread: number,
): number[] {
  if (!(target >= 0 && target < 1))
    throw new AtlasError('bad-spec', {
      at: 'prune.sparsity',
      why: `${target} is not a valid sparsity`,
    });
  const min = Math.max(0, target - spread);
  const max = Math.min(1, target + spread);
  const sparsities = importances.map(() => min);
  const order = importances
    .map((_, i) => i)
    .sort((a, b) => importances[a]! - importances[b]! || a - b);
  let left = importances.length * (target - min);
  for (const i of order) {
    // Use the limit itself, so that equal layers get identical numbers.
    sparsities[i] = left >= max - min - 1e-12 ? max : min + Math.max(0, left);
    left -= sparsities[i]! - min;
  }
  return sparsities;
}
