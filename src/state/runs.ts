/**
 * The run controls: runs, pauses, steps and resets any study, and resumes it when the engine dies.
 * Every button's action is a function here.
 */
import { AtlasError } from '../errors.ts';
import { describeChanges, studyChanges } from '../experiment/settings.ts';
import { sweepsOf } from '../studies/map/draws.ts';
import type { Measurement } from '../studies/map/state.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { studyOf, type StudyKind, type StudyStates } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { ProviderChoice, StudyNews } from '../worker/protocol.ts';
import { client, engine, failureOf, ofCode, takeStudyNews } from './engine.ts';
import { useExperiment } from './experiment-store.ts';
import { beginRun, ended, endRun, liveRun, runOver, type Run } from './live.ts';
import { clearView, importancesNow, saveResult } from './map-store.ts';
import { useModel } from './model-store.ts';
import { openModel, revive } from './models.ts';
import { shared } from './shared.ts';
import { toDo } from './study-changes.ts';
import { useStudy } from './study-store.ts';
import { textsOf } from './texts.ts';
import { can } from './run-controls.ts';

takeStudyNews(receive);

/** How often the engine has died since the user last started a run. */
let deaths = 0;

/** The handlers that save the results of a study. */
const finishHandlers = new Map<StudyKind, (state: never) => void>();

export function whenFinished<K extends StudyKind>(
  study: K,
  save: (state: StudyStates[K]) => void,
): void {
  finishHandlers.set(study, save as (state: never) => void);
}

whenFinished('map', saveResult);

/**
 * Run or Resume: starts a study, or resumes a paused run, the visible state, or the checkpoint of
 * an earlier run. Extends a finished run if possible.
 */
export function play(study: StudyKind, spec = useExperiment.getState().spec): void {
  const store = useStudy.getState();
  if (!engine.open || !can(store.phase[study], 'play')) return;
  deaths = 0;
  if (store.phase[study] === 'paused' && liveRun()?.study === study) {
    useModel.setState({ failure: null });
    store.act(study, 'play');
    store.set({ waiting: false, stepping: null });
    return client.control('resume');
  }
  const { left, more } = toDo(study, store, spec);
  const longer = !left && more ? manifestOf(study).longer?.more(spec) : null;
  if (!left && !longer) return;
  if (longer) useExperiment.getState().edit(() => longer, 'longer');
  void begin(study, longer ?? spec, 'play');
}

/** Runs to the end of the next step and pauses. Ignored while another step executes. */
export function step(study: StudyKind): void {
  const store = useStudy.getState();
  const { spec } = useExperiment.getState();
  if (!engine.open || !can(store.phase[study], 'step') || !toDo(study, store, spec).left) return;
  deaths = 0;
  if (liveRun()?.study === study) {
    // A pause takes effect only between events; wait for that first.
    if (!store.waiting) return;
    store.set({ waiting: false, stepping: study });
    return client.control('step');
  }
  void begin(study, spec, 'step');
}

export function pause(study: StudyKind): void {
  const { phase, act } = useStudy.getState();
  if (!can(phase[study], 'pause')) return;
  act(study, 'pause');
  client.control('pause');
}

export function playOrPause(study: StudyKind): void {
  if (useStudy.getState().phase[study] === 'running') pause(study);
  else play(study);
}

/**
 * Empties a study's view. The settings stay, and the next run starts from the beginning. Undo
 * restores the map.
 */
export function reset(study: StudyKind): void {
  const { phase, specs, states, view, act } = useStudy.getState();
  if (!can(phase[study], 'reset')) return;
  if (liveRun()?.study === study) endRun();
  const spec = specs[study] ?? useExperiment.getState().spec;
  // The page does not wait for the answer. A finished study has no checkpoint, nor has a study
  // whose checkpoint is its visible state.
  if (engine.open && phase[study] !== 'done' && !studyOf(study).checkpointOf)
    void client.ask('forget', { study, spec }).catch(() => undefined);
  if (study === 'map') {
    if (states.map) useExperiment.getState().recordReset(states.map);
    clearView();
  } else view(study, null, null, 0);
  act(study, 'reset');
}

async function begin(study: StudyKind, spec: ExperimentSpec, how: 'play' | 'step'): Promise<void> {
  useModel.setState({ failure: null });
  const importances = importancesNow();
  endRun();
  const { act, set } = useStudy.getState();
  const from = visibleCheckpoint(study, spec);
  if (from === undefined && study === 'map') clearView();
  act(study, how);
  const mine = beginRun(study, spec);
  if (how === 'step') set({ stepping: study });
  try {
    const texts = await textsOf(spec, study);
    if (liveRun() !== mine) return;
    // If the worker died meanwhile, the request must not go to a new worker.
    if (!engine.open) throw new AtlasError('worker-died', { why: 'the thread ended' });
    // If the user pressed Pause while the texts were fetched, the worker does not know.
    const paused = how === 'play' && useStudy.getState().phase[study] !== 'running';
    const answer = client.ask('study', {
      run: mine.number,
      study,
      spec,
      texts,
      importances,
      ...(from !== undefined && { from }),
      paused,
    });
    if (how === 'step') client.control('step');
    const { finished } = await answer;
    if (liveRun() !== mine) return;
    runOver();
    set({ restarted: null });
    if (!finished) return ended(study);
    act(study, 'whole');
    const { states } = useStudy.getState();
    finishHandlers.get(study)?.(states[study] as never);
  } catch (error) {
    if (liveRun() === mine) await failed(mine, error);
  }
}

/** A checkpoint built from the visible state, if that belongs to the same experiment. */
function visibleCheckpoint(study: StudyKind, spec: ExperimentSpec): unknown {
  const { states, specs } = useStudy.getState();
  const state = states[study];
  const ran = specs[study];
  const { checkpointOf } = studyOf(study);
  if (!checkpointOf || !state || !ran || studyChanges(study, ran, spec).length > 0)
    return undefined;
  return checkpointOf(state);
}

/** Takes a new state of the current run. */
function receive({ run, state, progress, waiting, memory, adapters }: StudyNews): void {
  useModel.setState({ memory });
  const { set, view, states, stepping, adapters: before } = useStudy.getState();
  const update = { adapters: shared(before, adapters) };
  const live = liveRun();
  if (live?.number !== run) return set(update);
  const { study, spec } = live;
  view(study, shared(states[study], state as StudyStates[typeof study]), spec, progress);
  set({ ...update, waiting, stepping: waiting ? null : stepping });
}

/**
 * Handles a run that failed. If the engine died, the run resumes automatically once; after that the
 * user decides.
 */
async function failed({ study, spec }: Run, error: unknown): Promise<void> {
  // The last pressed button counts, not the one that started the run.
  const how = useStudy.getState().phase[study] === 'running' ? 'play' : 'step';
  runOver();
  if (!ofCode(error, 'device-lost', 'worker-died')) {
    ended(study);
    useStudy.getState().set({ restarted: null });
    if (!ofCode(error, 'cancelled')) useModel.setState({ failure: failureOf(error) });
    return;
  }
  engine.open = false;
  client.terminate();
  const { act, states, set } = useStudy.getState();
  if (++deaths > 1) {
    set({ restarted: null });
    useModel.setState({ failure: failureOf(error) });
    return act(study, 'stopped');
  }
  ended(study);
  if (!(await revive(error, repeatOf(study, states.map)))) return;
  if (how === 'play') await begin(study, spec, 'play');
}

/** The repeat from which a measurement resumes; null for another study. */
const repeatOf = (study: StudyKind, shown: Measurement | null): number | null =>
  study !== 'map' ? null : shown ? sweepsOf(shown.draws) + 1 : 1;

/** Reopens the model and resumes, after the engine died twice and the user chose to continue. */
export async function continueOn(study: StudyKind, choice: ProviderChoice): Promise<void> {
  const { source } = useModel.getState();
  if (source && (await openModel(source, choice))) play(study);
}

/** Switches the provider. A running measurement resumes from its draws. */
export async function switchProvider(choice: ProviderChoice): Promise<void> {
  const { source } = useModel.getState();
  const wasRunning = useStudy.getState().phase.map === 'running';
  if (source && (await openModel(source, choice)) && wasRunning) play('map');
}

/** Undoes or redoes a setting or a reset. */
export function travel(way: 'undo' | 'redo'): void {
  const view = useExperiment.getState().travel(way, useStudy.getState().states.map);
  if (view !== undefined) showMeasurement(view);
}

/** Shows a measurement, complete or partial; null empties the view. */
export function showMeasurement(shown: Measurement | null): void {
  endRun();
  clearView();
  const { view, act } = useStudy.getState();
  view('map', shown, shown?.spec ?? null, shown?.result ? 1 : 0);
  act('map', !shown ? 'reset' : shown.result ? 'whole' : 'part');
}

// A change of what is measured ends the current run; more repeats only extend it.
useExperiment.subscribe(({ spec: now }, { spec: before }) => {
  const live = liveRun();
  if (now === before || !live) return;
  const { study } = live;
  const { followsSettings, longer } = manifestOf(study);
  if (!followsSettings) return;
  if (studyChanges(study, before, now).length > 0) endRun();
  else if (describeChanges(before, now).some(({ path }) => path === longer?.setting)) {
    const running = useStudy.getState().phase[study] === 'running';
    endRun();
    if (running) void begin(study, now, 'play');
  }
});
