/** The run that the worker executes. There is at most one, for any study. */
import { studyOf, type StudyKind } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { client } from './engine.ts';
import { useStudy } from './study-store.ts';

export interface Run {
  number: number;
  study: StudyKind;
  spec: ExperimentSpec;
}

let runs = 0;
let live: Run | null = null;

export const liveRun = (): Run | null => live;

export function beginRun(study: StudyKind, spec: ExperimentSpec): Run {
  live = { number: ++runs, study, spec };
  useStudy.getState().set({ live: study, waiting: false });
  return live;
}

/** The run has ended in the worker. */
export function runOver(): void {
  live = null;
  useStudy.getState().set({ live: null, waiting: false, stepping: null });
}

/** Ends the current run, if any. Its last state stays visible. */
export function endRun(): void {
  if (!live) return;
  const { study } = live;
  runOver();
  client.control('cancel');
  ended(study);
}

/**
 * Updates the phase after a run that did not finish: it can resume from the visible state, or
 * starts from the beginning.
 */
export function ended(study: StudyKind): void {
  const { states, act } = useStudy.getState();
  const resumable = states[study] !== null && studyOf(study).checkpointOf !== undefined;
  act(study, resumable ? 'part' : 'reset');
}
