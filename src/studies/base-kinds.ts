/**
 * What an experiment runs on: the model as it came, or what one of its own studies makes of it
 * first.
 */
import { STUDIES, studyOf, type StudyKind } from './registry.ts';

/**
 * `pruned`: and repaired, by the experiment's `prune` and `training`; `compressed`: by its
 * `compress`. Both by its seed.
 */
export const BASES = ['as-is', 'pruned', 'compressed'] as const;

export type BaseKind = (typeof BASES)[number];

/** The study that makes a base; null: nobody needs to. */
export const makerOf = (base: BaseKind): StudyKind | null =>
  STUDIES.find((name) => studyOf(name).makes?.base === base) ?? null;

/**
 * Whether a study runs on the experiment's base: those that make one begin with the model as it
 * came.
 */
export const isOnBase = (study: StudyKind): boolean => studyOf(study).makes === undefined;

/** Whether a setting decides what an experiment's base becomes. */
export function makesBase(path: string, { base }: { base: BaseKind }): boolean {
  const maker = makerOf(base);
  return maker !== null && studyOf(maker).makes?.decidedBy.test(path) === true;
}
