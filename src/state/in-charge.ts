/** Whom the transport's buttons speak to: the study whose tab is open, unless the measurement is under way or not there yet. */
import type { StudyKind } from '../experiment/spec.ts';
import { useExperiment } from './experiment-store.ts';
import { useRun } from './run-store.ts';
import { pause, play, reset, step } from './session.ts';
import { pauseStudy, playStudy, resetStudy, studyChanges } from './study-session.ts';
import { useStudy } from './study-store.ts';
import type { Phase } from './transport.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';

/** Phases of the measurement in which a study may have the engine. */
const free: ReadonlySet<Phase> = new Set<Phase>(['idle', 'paused', 'done']);

const inCharge = (study: StudyKind | null, phase: Phase): StudyKind | null => (study !== null && free.has(phase) ? study : null);

/** The study in charge of the transport; null: the measurement. */
export function useInCharge(): StudyKind | null {
  const study = useExperiment((e) => e.spec.study), phase = useRun((r) => r.phase);
  return inCharge(study, phase);
}

const now = () => inCharge(useExperiment.getState().spec.study, useRun.getState().phase);

/** Whether Play has something to do: nothing there yet, a pause, or settings other than those it was run with. */
export function canPlay(study: StudyKind, { phase, specs }: Pick<ReturnType<typeof useStudy.getState>, 'phase' | 'specs'>, spec: ExperimentSpec): boolean {
  const ran = specs[study];
  return phase[study] !== 'done' || ran === null || study === 'samples' || studyChanges(study, ran, spec).length > 0;
}

export function playInCharge(): void {
  const study = now();
  if (study === null) return play();
  if (canPlay(study, useStudy.getState(), useExperiment.getState().spec)) void playStudy(study);
}

export function pauseInCharge(): void {
  const study = now();
  if (study === null) pause();
  else pauseStudy(study);
}

export function resetInCharge(): void {
  const study = now();
  if (study === null) reset();
  else resetStudy(study);
}

/** A study's events are its steps; only the measurement is stepped. */
export function stepInCharge(): void {
  if (now() === null) step();
}

export function playOrPause(): void {
  const study = now();
  const running = study === null ? useRun.getState().phase === 'running' : useStudy.getState().phase[study] === 'running';
  if (running) pauseInCharge();
  else playInCharge();
}
