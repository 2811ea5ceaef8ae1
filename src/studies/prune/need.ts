/** Memory that a pruning run needs in addition to the model. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import { pruningBytes } from '../../model/training-memory.ts';
import type { StudyNeed } from '../contract.ts';
import type { ExperimentSpec } from '../spec.ts';

/** The largest rank of each module's adapter. */
export const pruneRanks = (
  { prune: { mostRank } }: ExperimentSpec,
  modules: readonly ModuleInfo[],
): number[] => modules.map((m) => Math.min(mostRank, m.inFeatures, m.outFeatures));

export const pruneNeed: StudyNeed = (spec, model) => {
  const {
    training: { batch: sequences, length },
    prune: { samples },
  } = spec;
  const ranks = pruneRanks(spec, model.modules);
  return pruningBytes(model, { samples, sequences, length, ranks });
};
