/**
 * The visit: ties the engine's thread to the stores. Opens models, runs and controls measurements,
 * brings the thread back when it dies. Everything a button does is a function here.
 */
import { defined } from '../checked.ts';
import { drawsAsked, sweepsOf, type Draws } from '../studies/map/draws.ts';
import { reduce, type Measurement } from '../studies/map/state.ts';
import { LIMITS } from '../spec/schema.ts';
import { sameMeasurement } from '../experiment/settings.ts';
import type { FromWorker, ModelSource, ProviderChoice, Requests } from '../worker/protocol.ts';
import { isWhole, REPEATS_MORE } from './derived.ts';
import { client, distrustOf, engine, failureOf, ofCode, takeEvents, takeStuck } from './engine.ts';
import { useExperiment } from './experiment-store.ts';
import { resetDownload, useModel, type Failure } from './model-store.ts';
import { useRun, type Restarted } from './run-store.ts';
import { clearStudies, useStudy } from './study-store.ts';
import { textOf, textsOf } from './texts.ts';
import { can } from './transport.ts';

takeEvents(receive);
takeStuck((failure) => void leaveStuck(failure));

/** Number of the run whose events count; older runs' events are dropped. */
let run = 0;
/** The run request is open in the thread. */
let live = false;
/**
 * What a run that goes on from known draws has said so far, until it has caught up with what is in
 * view.
 */
let incoming: Measurement | null = null;
/** Draws a run that goes on has to retell before it says anything new. */
let catchUp = 0;
/** The model that the thread was last asked for. */
let asked: ModelSource | null = null;
/** Times the engine died in this run. */
let deaths = 0;

const spec = () => useExperiment.getState().spec;
const act = useRun.getState().act;

const drawsIn = (draws: Draws) => draws.reduce((sum, d) => sum + d.length, 0);

// --- models ---

/**
 * Load a model into the runtime. The view is kept; a run that was under way ends. Returns whether
 * it opened.
 */
export async function openModel(
  source: ModelSource,
  choice: ProviderChoice = useModel.getState().choice,
): Promise<boolean> {
  endRun();
  const before = useModel.getState();
  resetDownload();
  useModel.setState({ choice, failure: null, distrusted: null, making: null });
  useRun.setState({ phase: 'loading' });
  engine.open = false;
  try {
    const another = asked !== source;
    asked = source;
    if (another) await client.changeModel();
    // Meanwhile another one may have been asked for.
    if (asked !== source) return false;
    let answer = await openOn(source, choice);
    if (!answer.selfTest.ok && answer.provider.kind === 'webgpu') {
      // Wrong numbers are worse than slow ones: say so and take the CPU.
      const distrusted = distrustOf(answer.selfTest, 'WebGPU');
      answer = await client.ask('open', { source, provider: 'wasm' });
      useModel.setState({ distrusted, choice: 'wasm' });
    }
    const { facts, provider, selfTest, memory, limit, providers } = answer;
    engine.open = true;
    useModel.setState({ source, facts, provider, selfTest, memory, limit, providers, phase: null });
    if (!selfTest.ok) useModel.setState({ failure: distrustOf(selfTest, 'WebAssembly') });
    const id = source.kind === 'bundled' ? `bundled:${source.id}` : facts.id;
    if (
      spec().model.id !== id ||
      (spec().model.hash !== undefined && spec().model.hash !== facts.hash)
    ) {
      useExperiment.getState().edit((s) => ({ ...s, model: { id } }), 'model');
    }
    if (before.facts?.hash !== facts.hash) clearStudies();
    else useStudy.setState({ adapters: [] });
    act('opened');
    showMatching();
    return true;
  } catch (error) {
    if (ofCode(error, 'cancelled')) return false;
    const failure = failureOf(error);
    const was = before.provider?.kind;
    useModel.setState({ failure, phase: null });
    if (before.source && was && (before.source !== source || was !== choice)) {
      // What was open is gone from the runtime: fetch it back, so that the page stays usable.
      await openModel(before.source, was);
      useModel.setState({ failure });
    } else act(before.facts ? 'open-failed' : 'no-engine');
    return false;
  }
}

/**
 * A GPU that was taken by itself and does not get as far as the self-test is no reason to compute
 * nothing: the CPU is, and it is said.
 */
async function openOn(
  source: ModelSource,
  choice: ProviderChoice,
): Promise<Requests['open']['answer']> {
  try {
    return await client.ask('open', { source, provider: choice });
  } catch (error) {
    if (choice !== 'auto' || !ofCode(error, 'runtime', 'device-lost', 'worker-died')) throw error;
    const answer = await client.ask('open', { source, provider: 'wasm' });
    // Where there is no GPU to blame, the second try was the same as the first.
    if (answer.providers.includes('webgpu'))
      useModel.setState({ distrusted: failureOf(error), choice: 'wasm' });
    return answer;
  }
}

/** Compute with another provider from now on; the measurement goes on from its draws. */
export async function switchProvider(choice: ProviderChoice): Promise<void> {
  const { source } = useModel.getState();
  const goesOn = useRun.getState().phase === 'running';
  if (source && (await openModel(source, choice)) && goesOn) play();
}

// --- the transport ---

function clear(): void {
  useRun.getState().view(null, true);
  useRun.setState({ comparing: null, restarted: null });
}

/** After a model opened: the view keeps what was measured on this very model, and only that. */
function showMatching(): void {
  const { shown } = useRun.getState();
  const { facts } = useModel.getState();
  if (!shown || !facts) return;
  if (shown.model.hash !== facts.hash) clear();
  else act(isWhole(shown, spec()) ? 'restore-whole' : 'restore-part');
}

/** Begin a run, or go on: with the draws in view as far as they are of the same measurement. */
async function start(how: 'run' | 'step' = 'run'): Promise<void> {
  const measured = spec();
  const { shown } = useRun.getState();
  const { facts } = useModel.getState();
  const goesOn =
    shown !== null &&
    facts !== null &&
    shown.model.hash === facts.hash &&
    sameMeasurement(shown.spec, measured);
  if (!goesOn) clear();
  const mine = ++run;
  live = true;
  incoming = null;
  const known = goesOn ? shown.measured.map((d) => d.slice(0, drawsAsked(measured.method))) : null;
  catchUp = known ? drawsIn(known) : 0;
  try {
    const [texts, baseTexts] = await Promise.all([
      textOf(measured.text),
      measured.base === 'as-is' ? {} : textsOf(measured),
    ]);
    if (mine !== run) return;
    // Pressed while the text was fetched, Pause has not reached the thread.
    const paused = useRun.getState().phase !== 'running';
    const answer = client.ask('run', {
      spec: measured,
      texts,
      baseTexts,
      paused,
      ...(known && { known: { measured: known, times: defined(shown).times } }),
    });
    if (how === 'step') client.control('step');
    await answer;
    if (mine === run) deaths = 0;
  } catch (error) {
    if (mine !== run) return;
    live = false;
    if (ofCode(error, 'device-lost', 'worker-died')) return await recover(error);
    if (!ofCode(error, 'cancelled')) useModel.setState({ failure: failureOf(error) });
    if (useRun.getState().shown) act('failed');
    else useRun.setState({ phase: 'idle' });
  } finally {
    if (mine === run) {
      live = false;
      useRun.setState({ stepping: null });
    }
  }
}

/** Events of a run, at most ten times a second. */
function receive({ events, memory }: Extract<FromWorker, { kind: 'events' }>): void {
  useModel.setState({ memory });
  if (!live) return;
  let state = incoming;
  for (const event of events) {
    // Until a run says that it starts, what arrives is the rest of the one before it.
    if (state || event.type === 'start')
      state = reduce(event.type === 'start' ? null : state, event);
  }
  incoming = state;
  if (!state) return;
  // A run that goes on retells what is known; until it has, the view stands still rather than
  // starting over.
  if (state.result || drawsIn(state.measured) >= catchUp) useRun.getState().view(state, false);
  const { stepping } = useRun.getState();
  if (stepping !== null && drawsIn(state.measured) >= stepping) useRun.setState({ stepping: null });
  if (state.result) {
    live = false;
    useRun.getState().keep(state.result);
    useRun.setState({ restarted: null });
    act('finished');
  }
}

function endRun(): void {
  run++;
  if (live) client.control('cancel');
  live = false;
  useRun.setState({ stepping: null });
}

export function play(): void {
  const { phase, shown } = useRun.getState();
  if (!can(phase, 'play') || !engine.open) return;
  useModel.setState({ failure: null });
  if (phase === 'done' && shown && isWhole(shown, spec())) {
    const repeats = Math.min(LIMITS.repeats[1], spec().method.repeats + REPEATS_MORE);
    if (repeats === spec().method.repeats) return;
    useExperiment.getState().edit((s) => ({ ...s, method: { ...s.method, repeats } }), 'repeats');
  }
  act('play');
  useRun.setState({ stepping: null });
  if (live) client.control('resume');
  else void start();
}

/** A study takes the engine: a measurement under way stands paused, its draws kept. */
export function standAside(): void {
  if (!live) return;
  endRun();
  act('pause');
}

export function pause(): void {
  if (!can(useRun.getState().phase, 'pause')) return;
  act('pause');
  client.control('pause');
}

/** Probe one module, and stay paused. */
export function step(): void {
  const { phase, shown, stepping } = useRun.getState();
  // One step at a time: the one under way, or the layer a pause waits for, comes first.
  if (
    !can(phase, 'step') ||
    !engine.open ||
    stepping !== null ||
    (phase === 'paused' && shown?.probing) ||
    (phase === 'done' && shown && isWhole(shown, spec()))
  )
    return;
  act('step');
  if (live) client.control('step');
  else void start('step');
  useRun.setState({ stepping: drawsIn(useRun.getState().shown?.measured ?? []) + 1 });
}

/** Empty the view; settings and seed stay. Undo brings it back. */
export function reset(): void {
  const { phase, shown } = useRun.getState();
  if (!can(phase, 'reset')) return;
  endRun();
  if (shown) useExperiment.getState().recordReset({ ...shown, probing: null });
  clear();
  act('reset');
}

/** Undo or redo a setting or a Reset. */
export function travel(way: 'undo' | 'redo'): void {
  const { shown } = useRun.getState();
  const view = useExperiment.getState().travel(way, shown && { ...shown, probing: null });
  if (view === undefined) return;
  endRun();
  showMeasurement(view);
}

/** Put a measurement in view, whole or in part; null empties it. */
export function showMeasurement(shown: Measurement | null): void {
  endRun();
  clear();
  useRun.getState().view(shown, true);
  act(!shown ? 'reset' : isWhole(shown, spec()) ? 'restore-whole' : 'restore-part');
}

/**
 * Brings the engine back after its thread or device is gone, which is said: the same model, the
 * same provider, or the CPU where the GPU does not come back. `repeat`: see `Restarted`.
 */
export async function revive(error: unknown, repeat: number | null): Promise<boolean> {
  const { source, provider } = useModel.getState();
  const restarted: Restarted = {
    what: ofCode(error, 'device-lost') ? 'gpu' : 'engine',
    repeat,
    onCpu: false,
  };
  engine.open = false;
  client.terminate();
  if (source === null) return false;
  useRun.setState({ restarted });
  let open = await openModel(source, provider?.kind ?? 'auto');
  if (useModel.getState().failure?.code === 'no-webgpu') {
    open = await openModel(source, 'wasm');
    useRun.setState({ restarted: { ...restarted, onCpu: true } });
  }
  if (!open) useRun.setState({ restarted: null });
  return open;
}

/**
 * The thread was stuck with the open model's files, or with the text, and is gone: the page goes on
 * with a model of its own, and says why.
 */
async function leaveStuck(failure: Failure): Promise<void> {
  const { source, models } = useModel.getState();
  const id = source?.kind === 'bundled' ? source.id : models[0]?.id;
  if (id !== undefined) await openModel({ kind: 'bundled', id });
  useModel.setState({ failure });
}

/**
 * The thread or the device is gone: bring it back and go on from the draws in view; once by itself,
 * then it asks.
 */
async function recover(error: unknown): Promise<void> {
  if (!useModel.getState().source) return;
  engine.open = false;
  client.terminate();
  if (++deaths > 1) {
    useModel.setState({ failure: failureOf(error) });
    act('stopped');
    return;
  }
  const { shown, phase } = useRun.getState();
  if ((await revive(error, shown ? sweepsOf(shown.draws) + 1 : 1)) && phase === 'running') play();
}

/** The answer to "continue?" after the engine stopped twice. */
export async function continueOn(choice: ProviderChoice): Promise<void> {
  deaths = 0;
  const { source } = useModel.getState();
  if (source && (await openModel(source, choice))) play();
}

// A setting that changes what is measured ends the run under way; more repeats only lengthen it.
useExperiment.subscribe(({ spec: now }, { spec: before }) => {
  if (now === before || !live) return;
  if (!sameMeasurement(before, now)) {
    endRun();
    act('pause');
  } else if (now.method.repeats !== before.method.repeats) {
    const running = useRun.getState().phase === 'running';
    endRun();
    if (running) void start();
  }
});
