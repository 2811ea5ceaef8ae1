/**
 * What the transport does while a study's tab is open, and what is asked of the adapters that
 * studies leave behind.
 */
import { elementAt } from '../checked.ts';
import type { AgreeResult } from '../studies/agree/state.ts';
import type { CompressedFileName } from '../studies/compress/export.ts';
import type { CompressResult } from '../studies/compress/state.ts';
import { isOnBase, makesBase } from '../studies/base-kinds.ts';
import type { PrunedFileName } from '../studies/prune/files.ts';
import { describeChanges, sameMeasurement, type Change } from '../experiment/settings.ts';
import type { ExperimentSpec, StudyKind } from '../studies/spec.ts';
import { studies, studyOf, type StudyStates } from '../studies/registry.ts';
import type { StudyView } from '../studies/contract.ts';
import { summarise } from '../methods/statistics.ts';
import type { FromWorker, Requests, SavedFile } from '../worker/protocol.ts';
import { keepAgreement } from './agreements.ts';
import { client, engine, failureOf, ofCode, takeStudyEvents } from './engine.ts';
import { sweepsOf } from '../studies/map/draws.ts';
import { useExperiment } from './experiment-store.ts';
import { useModel } from './model-store.ts';
import { useRun } from './run-store.ts';
import { revive, standAside } from './session.ts';
import { useStudy } from './study-store.ts';
import { textsOf } from './texts.ts';

takeStudyEvents(receive);

/** The study whose request is open in the thread, and how its events become a state. */
let live: { study: StudyKind; reduce: (event: { type: string }) => void } | null = null;

/**
 * Importances of the map in view, where it is of the open model and these settings; null before the
 * first whole sweep.
 */
function importancesNow(): number[] | null {
  const { shown } = useRun.getState();
  const { facts } = useModel.getState();
  if (
    !shown ||
    !facts ||
    shown.model.hash !== facts.hash ||
    !sameMeasurement(shown.spec, useExperiment.getState().spec) ||
    sweepsOf(shown.draws) === 0
  )
    return null;
  return shown.draws.map((d) => summarise(d).mean);
}

/**
 * Settings in which the experiment differs from what a study in view was run with, as far as they
 * are its own.
 */
export function studyChanges(study: StudyKind, ran: ExperimentSpec, now: ExperimentSpec): Change[] {
  const own: string[] = [...studies[study].uses, study];
  const ofBase = (path: string) =>
    isOnBase(study) && (path === 'base' || makesBase(path, ran) || makesBase(path, now));
  return describeChanges(ran, now).filter(
    ({ path }) => own.includes(elementAt(path.split('.'), 0)) || ofBase(path),
  );
}

/**
 * Starts a study, or goes on: with a paused one, or from the checkpoint that a reload or the end of
 * the engine left.
 */
export const playStudy = (
  study: StudyKind,
  spec: ExperimentSpec = useExperiment.getState().spec,
): Promise<void> => run(study, spec, 'play');

/** How a study is shown; null, and said, where its code could not be fetched. */
async function viewOf(study: StudyKind): Promise<StudyView<StudyStates[StudyKind]> | null> {
  try {
    return (await studyOf(study).view()) as StudyView<StudyStates[StudyKind]>;
  } catch (error) {
    useStudy.getState().act(study, 'idle');
    useStudy.getState().set({ stepping: false });
    useModel.setState({ failure: failureOf(error) });
    return null;
  }
}

/**
 * As `playStudy`, but only to the next event, and stays paused. One step at a time: the one under
 * way comes first.
 */
export const stepStudy = (study: StudyKind): Promise<void> =>
  useStudy.getState().stepping
    ? Promise.resolve()
    : run(study, useExperiment.getState().spec, 'step');

/** `again`: the engine stopped once since the button was pressed. */
async function run(
  study: StudyKind,
  spec: ExperimentSpec,
  how: 'play' | 'step',
  again = false,
): Promise<void> {
  const { phase, act, view, set } = useStudy.getState();
  if (!engine.open || phase[study] === 'running') return;
  useModel.setState({ failure: null });
  const goesOn = phase[study] === 'paused' && live?.study === study;
  if (goesOn) {
    act(study, how === 'step' ? 'paused' : 'running');
    set({ stepping: how === 'step' });
    return client.control(how === 'step' ? 'step' : 'resume');
  }
  const importances = importancesNow();
  endStudy();
  standAside();
  act(study, how === 'step' ? 'paused' : 'running');
  set({ stepping: how === 'step' });
  const seen = await viewOf(study);
  if (!seen) return;
  const { reduce, progress } = seen;
  let state: StudyStates[StudyKind] | null = null;
  const mine = (live = {
    study,
    reduce: (event: { type: string }) => {
      // Until a study says that it starts, what arrives is the rest of the one before it.
      if (state === null && event.type !== 'start' && event.type !== 'resumed') return;
      state = reduce(state, event);
      view(study, state, spec, progress(state));
      set({ stepping: false });
    },
  });
  try {
    const texts = await textsOf(spec);
    const { stepping } = useStudy.getState();
    const paused = !stepping && useStudy.getState().phase[study] === 'paused';
    const answer = client.ask('study', { study, spec, texts, importances, paused });
    if (stepping) client.control('step');
    const { finished } = await answer;
    if (live === mine) act(study, finished ? 'done' : 'idle');
    const agreed = study === 'agree' && finished ? useStudy.getState().states.agree?.result : null;
    if (agreed) keepAgreement(agreed);
  } catch (error) {
    if (live !== mine) return;
    // What was pressed last counts, not what it was begun by.
    const last = useStudy.getState().phase[study] === 'running' ? 'play' : 'step';
    act(study, 'idle');
    set({ stepping: false });
    live = null;
    if (ofCode(error, 'device-lost', 'worker-died')) {
      // Once it goes on by itself; then whoever reads what is said decides.
      if (!(await revive(error, null))) return;
      if (!again) return await run(study, spec, last, true);
    }
    if (!ofCode(error, 'cancelled')) useModel.setState({ failure: failureOf(error) });
  } finally {
    if (live === mine) {
      live = null;
      set({ stepping: false });
    }
    useRun.setState({ restarted: null });
  }
}

function receive({
  study,
  events,
  memory,
  adapters,
}: Extract<FromWorker, { kind: 'study' }>): void {
  useModel.setState({ memory });
  useStudy.getState().set({ adapters });
  if (live?.study === study) for (const event of events) live.reduce(event);
}

export function pauseStudy(study: StudyKind): void {
  const { phase, act } = useStudy.getState();
  if (phase[study] !== 'running') return;
  act(study, 'paused');
  client.control('pause');
}

/** Empties a study's view; settings stay. Play begins it anew. */
export function resetStudy(study: StudyKind): void {
  if (live?.study === study) endStudy();
  const { specs, phase } = useStudy.getState();
  const spec = specs[study] ?? useExperiment.getState().spec;
  // Nothing on the page waits for it; a study that is through has left no checkpoint.
  if (engine.open && phase[study] !== 'done')
    void client.ask('forget', { study, spec }).catch(() => undefined);
  useStudy.getState().view(study, null, null, 0);
  useStudy.getState().act(study, 'idle');
}

/**
 * Puts a kept comparison of methods in view, and its experiment, the budget apart, into the form.
 */
export function showAgreement(result: AgreeResult): void {
  if (live?.study === 'agree') endStudy();
  useExperiment
    .getState()
    .edit(({ allocation }) => ({ ...result.spec, allocation, study: 'agree' }), 'result');
  const { spec } = useExperiment.getState();
  const { view, act } = useStudy.getState();
  view('agree', { ...result, measuring: null, result }, spec, 1);
  act('agree', 'done');
}

/** The study under way ends where it stands; what it said stays in view. */
export function endStudy(): void {
  if (!live) return;
  const { study } = live;
  live = null;
  useStudy.getState().set({ stepping: false });
  client.control('cancel');
  useStudy.getState().act(study, 'idle');
}

// --- adapters ---

/**
 * Lets the model write without a kept adapter and with it at one of its ranks, whichever tab is
 * open; the experiment stays as it is.
 */
export async function writeAt(adapter: string, rank: number): Promise<void> {
  const { spec } = useExperiment.getState();
  if (live?.study === 'samples') endStudy();
  await playStudy('samples', { ...spec, samples: { ...spec.samples, adapter, rank } });
}

/** PEFT's two files of a kept adapter; `rank` cuts one that is good at every rank. */
export const peftFiles = (
  name: string,
  rank?: number,
): Promise<Requests['exportAdapter']['answer']> =>
  client.ask('exportAdapter', rank === undefined ? { name } : { name, rank });

/** A file of a compression, with so many of its accepted steps; `dataName`: see `SavedFile`. */
export const compressedFile = async (
  { trials, accepted, spec }: CompressResult,
  steps: number,
  file: CompressedFileName,
  dataName: string,
): Promise<SavedFile[]> =>
  (
    await client.ask('exportCompressed', {
      result: { trials, accepted, spec },
      steps,
      file,
      dataName,
    })
  ).files;

/** A file of a pruning, told by the experiment it was run with. */
export const prunedFile = async (
  spec: ExperimentSpec,
  file: PrunedFileName,
  dataName: string,
): Promise<SavedFile[]> => (await client.ask('exportPruned', { spec, file, dataName })).files;

/**
 * Takes in an adapter's two files; it is called `imported` from then on. Throws what the reader
 * says of them.
 */
export async function takeAdapter(
  config: Uint8Array<ArrayBuffer>,
  weights: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { adapter } = await client.ask('importAdapter', { config, weights });
  const { adapters, set } = useStudy.getState();
  set({ adapters: [...adapters.filter((a) => a.name !== adapter.name), adapter] });
}

/** Held-out loss without and with a kept adapter, under the training settings. */
export async function judgeAdapter(
  name: string,
  rank?: number,
): Promise<Requests['judge']['answer']> {
  const { spec } = useExperiment.getState();
  return client.ask('judge', {
    name,
    ...(rank !== undefined && { rank }),
    spec,
    texts: await textsOf(spec),
  });
}
