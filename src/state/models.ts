/** Opens models, in the runtime and on the provider that is asked for, and brings them back. */
import { useExperiment } from './experiment-store.ts';
import { client, distrustOf, engine, failureOf, ofCode, takeStuck } from './engine.ts';
import { endRun } from './live.ts';
import { clearView } from './map-store.ts';
import { resetDownload, useModel, type Failure } from './model-store.ts';
import { clearStudies, useStudy, type Restarted } from './study-store.ts';
import type { ModelSource, ProviderChoice, Requests } from '../worker/protocol.ts';

takeStuck((failure) => void leaveStuck(failure));

/** The model that the thread was last asked for. */
let asked: ModelSource | null = null;

/**
 * Load a model into the runtime. What is in view stays where it is of this model; a run that was
 * under way ends. Returns whether it opened.
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
    const { spec, edit } = useExperiment.getState();
    const { model } = spec;
    if (model.id !== id || (model.hash !== undefined && model.hash !== facts.hash))
      edit((s) => ({ ...s, model: { id } }), 'model');
    const shown = useStudy.getState().states.map;
    if (shown && shown.model.hash !== facts.hash) clearView();
    // A measurement that was in view before any model was open may be of this one.
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
      // What was open is gone from the runtime: fetch it back, so that the page stays usable.
      await openModel(before.source, was);
      useModel.setState({ failure });
    } else useModel.setState({ engine: 'none' });
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
 * The thread was stuck with the open model's files, or with the text, and is gone: the page goes on
 * with a model of its own, and says why.
 */
async function leaveStuck(failure: Failure): Promise<void> {
  const { source, models } = useModel.getState();
  const id = source?.kind === 'bundled' ? source.id : models[0]?.id;
  if (id !== undefined) await openModel({ kind: 'bundled', id });
  useModel.setState({ failure });
}
