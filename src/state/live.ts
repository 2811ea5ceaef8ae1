/** The run that is open in the engine's thread: one at a time, whichever study's it is. */
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
  useStudy.getState().set({ live: study, standing: false });
  return live;
}

/** The run is over in the thread. */
export function runOver(): void {
  live = null;
  useStudy.getState().set({ live: null, standing: false, stepping: null });
}

/** The run under way, if any, ends where it stands; what it said stays in view. */
export function endRun(): void {
  if (!live) return;
  const { study } = live;
  runOver();
  client.control('cancel');
  ended(study);
}

/** A run that did not come to its end: Play may go on from what is in view, or begins anew. */
export function ended(study: StudyKind): void {
  const { states, act } = useStudy.getState();
  const goesOn = states[study] !== null && studyOf(study).checkpointOf !== undefined;
  act(study, goesOn ? 'part' : 'reset');
}
