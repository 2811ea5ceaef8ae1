/**
 * What a study that trains takes beside the model, counted before it is taken: what the engine
 * refuses by, and what the page shows while settings change.
 */
import type { ModuleInfo } from '../compiler/modules.ts';
import type { Model } from '../model/memory.ts';
import { nf4Bytes, pruningBytes, trainingBytes } from '../model/training-memory.ts';
import type { ExperimentSpec, StudyKind } from '../experiment/spec.ts';

type Modules = readonly ModuleInfo[];

/**
 * Ranks of all of a race's adapters together, by module: its entries are on the provider at a time,
 * and each costs what uniform ranks do.
 */
export const raceRanks = ({ race }: ExperimentSpec, modules: Modules): number[] =>
  modules.map(() => race.entries.length * Math.ceil(Math.max(...race.meanRanks)));

/** The room of every adapter of a pruning, by module. */
export const pruneRanks = ({ prune: { mostRank } }: ExperimentSpec, modules: Modules): number[] =>
  modules.map((m) => Math.min(mostRank, m.inFeatures, m.outFeatures));

/**
 * Bytes at its fullest, beside the model as it came; null for a study that trains nothing. An
 * estimate: where ranks follow the map, of uniform ones.
 */
export function needOf(study: StudyKind, spec: ExperimentSpec, model: Model): number | null {
  const {
    training: { batch: sequences, length },
    slider,
    prune,
  } = spec;
  const step = (ranks: readonly number[]) =>
    trainingBytes(model, { sequences, length, ranks }, false);
  switch (study) {
    case 'race':
      return step(raceRanks(spec, model.modules));
    case 'slider':
      return (
        step(model.modules.map(() => slider.rank)) + (slider.base === 'nf4' ? nf4Bytes(model) : 0)
      );
    case 'prune':
      return pruningBytes(model, {
        samples: prune.samples,
        sequences,
        length,
        ranks: pruneRanks(spec, model.modules),
      });
    default:
      return null;
  }
}
