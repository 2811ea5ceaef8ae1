/**
 * Studies in view: what each has come to, where its transport stands, and the adapters the engine's
 * thread keeps.
 */
import { create } from 'zustand';
import { STUDIES, type StudyKind, type StudyStates } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { AdapterSummary } from '../worker/protocol.ts';
import { next, type Phase, type TransportAction } from './transport.ts';

/**
 * `repeat`: where a measurement went on from; null for a study that goes on from its checkpoint.
 * `onCpu`: the GPU did not come back.
 */
export interface Restarted {
  what: 'gpu' | 'engine';
  repeat: number | null;
  onCpu: boolean;
}

export interface StudyStore {
  states: { [K in StudyKind]: StudyStates[K] | null };
  phase: Record<StudyKind, Phase>;
  /** How far each is, 0 to 1. */
  progress: Record<StudyKind, number>;
  /** The experiment each state in view is of. */
  specs: Record<StudyKind, ExperimentSpec | null>;
  /** The study whose run is open in the thread. */
  live: StudyKind | null;
  /** That run waits: a pause has begun, or a step has ended. */
  standing: boolean;
  /** The study of which a step is under way. */
  stepping: StudyKind | null;
  /** What went on by itself after the engine died, while that is news. */
  restarted: Restarted | null;
  /** Trained or imported, the last one last. */
  adapters: readonly AdapterSummary[];
  set(
    patch: Partial<Pick<StudyStore, 'adapters' | 'live' | 'standing' | 'stepping' | 'restarted'>>,
  ): void;
  act(study: StudyKind, action: TransportAction): void;
  /** Puts a state in view; null empties it. */
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
  standing: false,
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

/** The measurement in view. */
export const useShown = () => useStudy((s) => s.states.map);

/** All studies emptied: another model was opened. */
export const clearStudies = () => useStudy.setState(nothing());
