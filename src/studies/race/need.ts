/** What a race takes beside the model. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import { trainingBytes } from '../../model/training-memory.ts';
import type { StudyNeed } from '../contract.ts';
import type { ExperimentSpec } from '../spec.ts';

/**
 * Ranks of all of a race's adapters together, by module: its entries are on the provider at a time,
 * and each costs what uniform ranks do.
 */
export const raceRanks = ({ race }: ExperimentSpec, modules: readonly ModuleInfo[]): number[] =>
  modules.map(() => race.entries.length * Math.ceil(Math.max(...race.meanRanks)));

export const raceNeed: StudyNeed = (spec, model) => {
  const { batch: sequences, length } = spec.training;
  return trainingBytes(model, { sequences, length, ranks: raceRanks(spec, model.modules) }, false);
};
