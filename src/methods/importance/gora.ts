/**
 * GoRA's importance of a weight: the first-order contribution of its entries to the loss.
 *
 * Source: arXiv 2502.12171; methods.md, "Baselines and neighbours". `mean-abs`, the paper's
 * (default): the mean of `|W ⊙ G|` over the entries; `frobenius`: `‖W ⊙ G‖_F`. G is the gradient of
 * the mean loss of one batch. GoRA's rank rule, which divides by a function of in + out, and its
 * initialisation of B from the gradient are not implemented, so the page says "GoRA importance"
 * (docs/race.md).
 */
import type { GradientEngine, TrainingBatch } from '../../engine/engine.ts';
import { atOnce, type ImportancesMethod } from './contract.ts';

export type GoraNorm = 'mean-abs' | 'frobenius';

/** One importance per module. Throws what `weightedGradientSums` throws. */
export async function goraImportances(
  engine: GradientEngine,
  batch: TrainingBatch,
  norm: GoraNorm = 'mean-abs',
): Promise<number[]> {
  const { sum, squares } = await engine.weightedGradientSums(batch);
  return engine.modules.map((m) =>
    norm === 'mean-abs'
      ? sum[m.index]! / (m.outFeatures * m.inFeatures)
      : Math.sqrt(squares[m.index]!),
  );
}

export const gora: ImportancesMethod = {
  gives: 'importances',
  needs: 'batch',
  code: async () => ({
    importances: (engine, batch) => atOnce(() => goraImportances(engine, batch)),
  }),
};
