/**
 * Whom the transport's buttons speak to: the study whose tab is open, once the measurement is not
 * under way.
 */
import { studies } from '../studies/registry.ts';
import type { ExperimentSpec, StudyKind } from '../studies/spec.ts';
import { useExperiment } from './experiment-store.ts';
import { useRun } from './run-store.ts';
import { pause, play, reset, step } from './session.ts';
import { pauseStudy, playStudy, resetStudy, stepStudy, studyChanges } from './study-session.ts';
import { useStudy, type StudyPhase } from './study-store.ts';
import type { Phase } from './transport.ts';
import { useView } from './view-store.ts';

/** A measurement that was begun is ended first; a study that was begun keeps the engine. */
function inCharge(
  study: StudyKind | null,
  measurement: Phase,
  studyPhase: StudyPhase,
): StudyKind | null {
  if (study === null) return null;
  if (studyPhase === 'running' || studyPhase === 'paused') return study;
  return measurement === 'idle' || measurement === 'done' ? study : null;
}

/** The study in charge of the transport; null: the measurement. */
export function useInCharge(): StudyKind | null {
  const study = useExperiment((e) => e.spec.study);
  const phase = useRun((r) => r.phase);
  return inCharge(
    study,
    phase,
    useStudy((s) => (study === null ? 'idle' : s.phase[study])),
  );
}

function now(): StudyKind | null {
  const { study } = useExperiment.getState().spec;
  return inCharge(
    study,
    useRun.getState().phase,
    study === null ? 'idle' : useStudy.getState().phase[study],
  );
}

/**
 * Whether Play has something to do: nothing there yet, a pause, or settings other than those it was
 * run with.
 */
export function canPlay(
  study: StudyKind,
  { phase, specs }: Pick<ReturnType<typeof useStudy.getState>, 'phase' | 'specs'>,
  spec: ExperimentSpec,
): boolean {
  const ran = specs[study];
  return (
    phase[study] !== 'done' ||
    ran === null ||
    studies[study].repeats === true ||
    studyChanges(study, ran, spec).length > 0
  );
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

/** A step is under way whose module is to be shown. */
let stepping = false;

/**
 * A study goes to its next event; of the measurement the module that was probed opens beside the
 * map.
 */
export function stepInCharge(): void {
  const study = now();
  if (study !== null) {
    if (canPlay(study, useStudy.getState(), useExperiment.getState().spec)) void stepStudy(study);
    return;
  }
  stepping = true;
  step();
}

useRun.subscribe(({ phase, shown }, { shown: before }) => {
  if (!stepping || !shown || shown === before) return;
  if (phase !== 'paused') stepping = false;
  const probed = shown.measured.flatMap((d, m) =>
    d.length > (before?.measured[m]?.length ?? 0) ? [m] : [],
  );
  if (!stepping || probed.length === 0) return;
  stepping = false;
  // A pass is of all modules at once: none of them is its own.
  if (probed.length === 1) useView.setState({ opened: probed[0]!, stepped: true });
});

export function playOrPause(): void {
  const study = now();
  const running =
    study === null
      ? useRun.getState().phase === 'running'
      : useStudy.getState().phase[study] === 'running';
  if (running) pauseInCharge();
  else playInCharge();
}
