/** Memory that a race needs in addition to the model. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import { trainingBytes } from '../../model/training-memory.ts';
import type { StudyNeed } from '../contract.ts';
import type { ExperimentSpec } from '../spec.ts';

/**
 * Total ranks of all adapters of a race, by module. All entries are on the provider at once, and
 * each needs as much memory as uniform ranks.
 */
export const raceRanks = ({ race }: ExperimentSpec, modules: readonly ModuleInfo[]): number[] =>
  modules.map(() => race.entries.length * Math.ceil(Math.max(...race.meanRanks)));

export const raceNeed: StudyNeed = (spec, model) => {
  const { batch: sequences, length } = spec.training;
  return trainingBytes(model, { sequences, length, ranks: raceRanks(spec, model.modules) }, false);
};
