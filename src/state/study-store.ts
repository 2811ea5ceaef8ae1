/**
 * Studies in view: what each has said so far, where its transport stands, and the adapters the
 * engine's thread keeps.
 */
import { create } from 'zustand';
import { STUDIES, type StudyKind, type StudyStates } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { AdapterSummary } from '../worker/protocol.ts';

/** `idle` has nothing running (there may be an earlier state in view), `done` a whole one. */
export type StudyPhase = 'idle' | 'running' | 'paused' | 'done';

interface StudyStore {
  states: { [K in StudyKind]: StudyStates[K] | null };
  phase: Record<StudyKind, StudyPhase>;
  /** How far each is, 0 to 1. */
  progress: Record<StudyKind, number>;
  /** The experiment each state in view is of. */
  specs: Record<StudyKind, ExperimentSpec | null>;
  /** Trained or imported, the last one last. */
  adapters: readonly AdapterSummary[];
  /** One event of the study that is paused is under way. */
  stepping: boolean;
  set(patch: Partial<Pick<StudyStore, 'adapters' | 'stepping'>>): void;
  act(study: StudyKind, phase: StudyPhase): void;
  view<K extends StudyKind>(
    study: K,
    state: StudyStates[K] | null,
    spec: ExperimentSpec | null,
    progress: number,
  ): void;
}

const each = <T>(value: T) =>
  Object.fromEntries(STUDIES.map((study) => [study, value])) as Record<StudyKind, T>;

export const useStudy = create<StudyStore>()((set) => ({
  states: each(null),
  phase: each<StudyPhase>('idle'),
  progress: each(0),
  specs: each<ExperimentSpec | null>(null),
  adapters: [],
  stepping: false,
  set,
  act: (study, phase) => set((s) => ({ phase: { ...s.phase, [study]: phase } })),
  view: (study, state, spec, progress) =>
    set((s) => ({
      states: { ...s.states, [study]: state },
      specs: { ...s.specs, [study]: spec },
      progress: { ...s.progress, [study]: progress },
    })),
}));

/** All studies emptied: another model was opened. */
export const clearStudies = () =>
  useStudy.setState({
    states: each(null),
    phase: each<StudyPhase>('idle'),
    progress: each(0),
    specs: each<ExperimentSpec | null>(null),
    adapters: [],
  });
