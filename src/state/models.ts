/** Opens models on the chosen provider, and reopens them after the engine died. */
import { useExperiment } from './experiment-store.ts';
import { client, distrustOf, engine, failureOf, ofCode, takeStuck } from './engine.ts';
import { endRun } from './live.ts';
import { clearView } from './map-store.ts';
import { resetDownload, useModel, type Failure } from './model-store.ts';
import { clearStudies, useStudy, type Restarted } from './study-store.ts';
import type { ModelSource, ProviderChoice, Requests } from '../worker/protocol.ts';

takeStuck((failure) => void leaveStuck(failure));

/** The model most recently requested from the worker. */
let asked: ModelSource | null = null;

/**
 * Loads a model into the runtime and ends a current run. The visible states stay if they belong to
 * this model. Returns whether the model opened.
 */
export async function openModel(
  source: ModelSource,
  choice: ProviderChoice = useModel.getState().choice,
): Promise<boolean> {
  endRun();
  const before = useModel.getState();
  resetDownload();
  useModel.setState({
    choice,
    failure: null,
    distrusted: null,
    making: null,
    engine: 'loading',
  });
  engine.open = false;
  try {
    const another = asked !== source;
    asked = source;
    if (another) await client.changeModel();
    // Another model may have been requested meanwhile.
    if (asked !== source) return false;
    let answer = await openOn(source, choice);
    if (!answer.selfTest.ok && answer.provider.kind === 'webgpu') {
      // Wrong numbers are worse than slow ones: report the failure and use the CPU.
      const distrusted = distrustOf(answer.selfTest, 'WebGPU');
      answer = await client.ask('open', { source, provider: 'wasm' });
      useModel.setState({ distrusted, choice: 'wasm' });
    }
    const { facts, provider, selfTest, memory, limit, providers } = answer;
    engine.open = true;
    useModel.setState({ source, facts, provider, selfTest, memory, limit, providers, phase: null });
    if (!selfTest.ok) useModel.setState({ failure: distrustOf(selfTest, 'WebAssembly') });
    const id = source.kind === 'bundled' ? `bundled:${source.id}` : facts.id;
    const { spec, edit } = useExperiment.getState();
    const { model } = spec;
    if (model.id !== id || (model.hash !== undefined && model.hash !== facts.hash))
      edit((s) => ({ ...s, model: { id } }), 'model');
    const shown = useStudy.getState().states.map;
    if (shown && shown.model.hash !== facts.hash) clearView();
    // A measurement shown before any model was open may belong to this one.
    if (before.facts && before.facts.hash !== facts.hash) clearStudies();
    else useStudy.setState({ adapters: [] });
    useModel.setState({ engine: 'open' });
    return true;
  } catch (error) {
    if (ofCode(error, 'cancelled')) return false;
    const failure = failureOf(error);
    const was = before.provider?.kind;
    useModel.setState({ failure, phase: null });
    if (before.source && was && (before.source !== source || was !== choice)) {
      // The previous model is no longer in the runtime. Reopen it, so that the page stays usable.
      await openModel(before.source, was);
      useModel.setState({ failure });
    } else useModel.setState({ engine: 'none' });
    return false;
  }
}

/**
 * Opens a model. If an automatically chosen GPU fails before the self-test, opens it on the CPU and
 * reports that.
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
    // Without a GPU, the second attempt was the same as the first.
    if (answer.providers.includes('webgpu'))
      useModel.setState({ distrusted: failureOf(error), choice: 'wasm' });
    return answer;
  }
}

/**
 * Reopens the model after its worker or device was lost, and reports it: on the same provider, or
 * on the CPU if the GPU cannot be reopened. `repeat`: see `Restarted`.
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
  const { set } = useStudy.getState();
  set({ restarted });
  let open = await openModel(source, provider?.kind ?? 'auto');
  if (useModel.getState().failure?.code === 'no-webgpu') {
    open = await openModel(source, 'wasm');
    set({ restarted: { ...restarted, onCpu: true } });
  }
  if (!open) set({ restarted: null });
  return open;
}

/**
 * Opens a bundled model and reports the failure, after the worker was stuck on the open model's
 * files or on the text and was ended.
 */
async function leaveStuck(failure: Failure): Promise<void> {
  const { source, models } = useModel.getState();
  const id = source?.kind === 'bundled' ? source.id : models[0]?.id;
  if (id !== undefined) await openModel({ kind: 'bundled', id });
  useModel.setState({ failure });
}
