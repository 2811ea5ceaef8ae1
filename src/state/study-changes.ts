/** What of an experiment a study has still to do. */
import { elementAt } from '../checked.ts';
import { describeChanges, type Change } from '../experiment/settings.ts';
import { isOnBase, makesBase } from '../studies/base-kinds.ts';
import { studyOf, type StudyKind } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { useExperiment } from './experiment-store.ts';
import { useStudy, type StudyStore } from './study-store.ts';

/**
 * Settings in which the experiment differs from what a study in view was run with, as far as its
 * numbers follow from them. How long it runs is none, and no model hash means any.
 */
export function studyChanges(study: StudyKind, ran: ExperimentSpec, now: ExperimentSpec): Change[] {
  const { uses, longer } = studyOf(study);
  const own: string[] = [...uses(ran), ...uses(now), study];
  const ofBase = (path: string) =>
    isOnBase(study) && (path === 'base' || makesBase(path, ran) || makesBase(path, now));
  return describeChanges(ran, now).filter(
    ({ path, from, to }) =>
      (own.includes(elementAt(path.split('.'), 0)) || ofBase(path)) &&
      path !== longer?.setting &&
      (path !== 'model.hash' || (from !== undefined && to !== undefined)),
  );
}

/** What Play has to do: compute what was asked for, or add to a run that is whole. */
export function toDo(
  study: StudyKind,
  { phase, states, specs }: Pick<StudyStore, 'phase' | 'states' | 'specs'>,
  spec: ExperimentSpec,
): { left: boolean; more: boolean } {
  const { repeats, longer } = studyOf(study);
  const ran = specs[study];
  const state = states[study];
  const whole =
    phase[study] === 'done' &&
    state !== null &&
    ran !== null &&
    !repeats &&
    studyChanges(study, ran, spec).length === 0 &&
    longer?.isWhole(state, spec) !== false;
  return { left: !whole, more: whole && longer?.more(spec) != null };
}

/** Settings in which the experiment differs from what is in view of a study. */
export function useStudyChanges(study: StudyKind): Change[] {
  const ran = useStudy((s) => s.specs[study]);
  const spec = useExperiment((e) => e.spec);
  return ran ? studyChanges(study, ran, spec) : [];
}
