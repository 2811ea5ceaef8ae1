/**
 * Fisher information of a weight, from squared per-token gradients of the mean loss: `Σ_t
 * ‖dy_t‖²‖x_t‖² / (tokens · out · in)`.
 *
 * Source: huggingface/peft#3203; methods.md, "Baselines and neighbours".
 */
import type { GradientEngine, TrainingBatch } from '../../engine/engine.ts';
import { atOnce, type ImportancesMethod } from './contract.ts';

/**
 * One importance per module: the squared gradient, averaged over tokens and entries of W. Throws
 * what `gradientSums` throws.
 */
export async function fisherImportances(
  engine: GradientEngine,
  batch: TrainingBatch,
): Promise<number[]> {
  const { fisher } = await engine.gradientSums(batch);
  const tokens = batch.sequences * batch.length;
  return engine.modules.map((m) => fisher[m.index]! / (tokens * m.outFeatures * m.inFeatures));
}

export const fisher: ImportancesMethod = {
  gives: 'importances',
  needs: 'batch',
  code: async () => ({
    importances: (engine, batch) => atOnce(() => fisherImportances(engine, batch)),
  }),
};
