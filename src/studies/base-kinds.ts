/**
 * The kinds of base an experiment can run on: the original model, or the result of one of its own
 * studies.
 */
import { isObject } from '../model/json.ts';
import { joined } from '../spec/selectors.ts';
import { STUDIES, studyOf, type StudyKind } from './registry.ts';
import type { ExperimentSpec } from './spec.ts';

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

/** Equal for experiments with the same base; `''` for the original model. */
export function baseKey(spec: ExperimentSpec): string {
  const { base, seed } = spec;
  if (base === 'as-is') return '';
  const used = settingsIn(spec, '').filter(([path]) => makesBase(path, spec));
  return JSON.stringify([base, seed, used.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Every setting by its path; a list is one setting. */
const settingsIn = (value: unknown, path: string): [string, unknown][] =>
  isObject(value)
    ? Object.entries(value).flatMap(([key, inner]) => settingsIn(inner, joined(path, key)))
    : [[path, value]];
