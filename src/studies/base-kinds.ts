/**
 * What an experiment runs on: the model as it came, or what one of its own studies makes of it
 * first.
 */
import type { StudyKind } from '../experiment/spec.ts';

/**
 * `pruned`: and repaired, by the experiment's `prune` and `training`; `compressed`: by its
 * `compress`. Both by its seed.
 */
export const BASES = ['as-is', 'pruned', 'compressed'] as const;

export type BaseKind = (typeof BASES)[number];

/** The study that makes a base. */
export const MAKER = {
  'as-is': null,
  pruned: 'prune',
  compressed: 'compress',
} as const satisfies Record<BaseKind, StudyKind | null>;

/**
 * Whether a study runs on the experiment's base: those that make one begin with the model as it
 * came.
 */
export const isOnBase = (study: StudyKind | null): boolean =>
  study !== 'prune' && study !== 'compress';

/** Settings that decide what the base becomes: not those that only judge it or compare. */
export const MAKES: Record<BaseKind, RegExp | null> = {
  'as-is': null,
  pruned: /^(bos$|prune\.(?!baselines)|training\.(?!held|evaluateEvery))/,
  compressed: /^(bos$|compress\.(?!checks|laser|plain))/,
};
