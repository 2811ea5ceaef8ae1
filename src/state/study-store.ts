/** The visible state of each study, its run controls, and the adapters that the worker holds. */
import { create } from 'zustand';
import { STUDIES, type StudyKind, type StudyStates } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { AdapterSummary } from '../worker/protocol.ts';
import { next, type Phase, type RunAction } from './run-controls.ts';

/**
 * `repeat`: the repeat from which a measurement resumed; null for a study that resumes from its
 * checkpoint. `onCpu`: the GPU could not be reopened.
 */
export interface Restarted {
  what: 'gpu' | 'engine';
  repeat: number | null;
  onCpu: boolean;
}

export interface StudyStore {
  states: { [K in StudyKind]: StudyStates[K] | null };
  phase: Record<StudyKind, Phase>;
  /** Progress of each study, 0 to 1. */
  progress: Record<StudyKind, number>;
  /** The experiment of each visible state. */
  specs: Record<StudyKind, ExperimentSpec | null>;
  /** The study that the worker runs. */
  live: StudyKind | null;
  /** The run waits: a pause has begun, or a step has ended. */
  waiting: boolean;
  /** The study that executes a single step. */
  stepping: StudyKind | null;
  /** A run that resumed automatically after the engine died, while the page shows this. */
  restarted: Restarted | null;
  /** Trained or imported adapters, the most recent last. */
  adapters: readonly AdapterSummary[];
  set(
    patch: Partial<Pick<StudyStore, 'adapters' | 'live' | 'waiting' | 'stepping' | 'restarted'>>,
  ): void;
  act(study: StudyKind, action: RunAction): void;
  /** Shows a state; null empties the view. */
  view<K extends StudyKind>(
    study: K,
    state: StudyStates[K] | null,
    spec: ExperimentSpec | null,
    progress: number,
  ): void;
}

const each = <T>(value: T) =>
  Object.fromEntries(STUDIES.map((study) => [study, value])) as Record<StudyKind, T>;

const nothing = () => ({
  states: each(null),
  phase: each<Phase>('idle'),
  progress: each(0),
  specs: each<ExperimentSpec | null>(null),
  adapters: [],
});

export const useStudy = create<StudyStore>()((set) => ({
  ...nothing(),
  live: null,
  waiting: false,
  stepping: null,
  restarted: null,
  set,
  act: (study, action) =>
    set((s) => ({ phase: { ...s.phase, [study]: next(s.phase[study], action) } })),
  view: (study, state, spec, progress) =>
    set((s) => ({
      states: { ...s.states, [study]: state },
      specs: { ...s.specs, [study]: spec },
      progress: { ...s.progress, [study]: progress },
    })),
}));

/** The visible measurement. */
export const useShown = () => useStudy((s) => s.states.map);

/** Empties all studies after another model was opened. */
export const clearStudies = () => useStudy.setState(nothing());
