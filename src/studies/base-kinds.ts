/**
 * The kinds of base an experiment can run on: the original model, or the result of one of its own
 * studies.
 */
import { STUDIES, studyOf, type StudyKind } from './registry.ts';

/**
 * `pruned`: pruned and fine-tuned with the experiment's `prune` and `training`. `compressed`: by
 * its `compress`. Both use its seed.
 */
export const BASES = ['as-is', 'pruned', 'compressed'] as const;

export type BaseKind = (typeof BASES)[number];

/** The study that makes a base; null for the original model. */
export const makerOf = (base: BaseKind): StudyKind | null =>
  STUDIES.find((name) => studyOf(name).makes?.base === base) ?? null;

/**
 * Whether a study runs on the experiment's base. The studies that make a base always start from the
 * original model.
 */
export const isOnBase = (study: StudyKind): boolean => studyOf(study).makes === undefined;

/** Whether a setting affects the weights of the experiment's base. */
export function makesBase(path: string, { base }: { base: BaseKind }): boolean {
  const maker = makerOf(base);
  return maker !== null && studyOf(maker).makes?.decidedBy.test(path) === true;
}
