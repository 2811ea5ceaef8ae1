/** Determines what a study still has to compute for an experiment. */
import { studyChanges, type Change } from '../experiment/settings.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import type { StudyKind } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { useExperiment } from './experiment-store.ts';
import { useStudy, type StudyStore } from './study-store.ts';

/** What the Run button would do: `left`: compute the experiment; `more`: extend a finished run. */
export function toDo(
  study: StudyKind,
  { phase, states, specs }: Pick<StudyStore, 'phase' | 'states' | 'specs'>,
  spec: ExperimentSpec,
): { left: boolean; more: boolean } {
  const { repeats, longer } = manifestOf(study);
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

/** The settings in which the experiment differs from a study's visible state. */
export function useStudyChanges(study: StudyKind): Change[] {
  const ran = useStudy((s) => s.specs[study]);
  const spec = useExperiment((e) => e.spec);
  return ran ? studyChanges(study, ran, spec) : [];
}
