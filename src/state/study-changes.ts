/** What of an experiment a study has still to do. */
import { studyChanges, type Change } from '../experiment/settings.ts';
import { studyOf, type StudyKind } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { useExperiment } from './experiment-store.ts';
import { useStudy, type StudyStore } from './study-store.ts';

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
