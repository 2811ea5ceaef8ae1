/** Studies in Node: what one needs from outside, and which of them the command line can run. */
import type { CompiledModel } from '../src/compiler/compiled.ts';
import { createEngine } from '../src/engine/cut-engine.ts';
import { floatModel } from '../src/engine/float-model.ts';
import { nf4Model } from '../src/engine/nf4-model.ts';
import { WasmBackend } from '../src/engine/wasm-backend.ts';
import { WebGpuBackend } from '../src/engine/webgpu-backend.ts';
import type { ExperimentSpec, StudyKind } from '../src/experiment/spec.ts';
import type { KeptAdapter, StudyContext } from '../src/experiment/study.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { factsOf, loadModel, type LoadedModel } from '../src/worker/load.ts';
import { versionsOf } from '../src/worker/versions.ts';
import { bundledTask, modelNamedBy } from './bundled.ts';
import { tokensOf } from './data.ts';
import { budget, startEngine } from './engine.ts';
import type { Options } from './main.ts';

/** Runs a study and prints what it found; returns the exit code. */
export type StudyCommand = (spec: ExperimentSpec, options: Options) => Promise<number>;

export const studyCommands: Partial<Record<StudyKind, () => Promise<StudyCommand>>> = {
  race: async () => (await import('./race.ts')).race,
  samples: async () => (await import('./samples.ts')).samples,
  slider: async () => (await import('./slider.ts')).slider,
  compress: async () => (await import('./compress.ts')).compress,
  prune: async () => (await import('./prune.ts')).prune,
};

export interface OpenStudy {
  context: StudyContext;
  model: LoadedModel;
  /** Adapters the study has trained, by name. */
  kept: ReadonlyMap<string, KeptAdapter>;
  dispose(): Promise<void>;
}

/** The model an experiment names (or `--model`) on a provider. There is no map: studies measure what they need. */
export async function openStudy(spec: ExperimentSpec, options: Options): Promise<OpenStudy> {
  const files = options.model === undefined ? await modelNamedBy(spec.model) : await nodeFiles(options.model);
  const model = await loadModel(files, { dtype: options.dtype }), { engine, runtime } = await startEngine(model, options);
  if (options.model === undefined && spec.model.hash !== undefined && spec.model.hash !== model.open.hash) console.error('rank-atlas: the experiment was made with another file of this model; its numbers may differ.');
  const kept = new Map<string, KeptAdapter>();
  const engineOf = (compiled: CompiledModel) =>
    createEngine({ model: compiled, backend: runtime.gpu ? new WebGpuBackend(runtime.ort, runtime.gpu) : new WasmBackend(runtime.ort), memoryBudgetBytes: budget() });
  const context: StudyContext = {
    spec: { ...spec, model: { id: files.id, ...(options.model === undefined && spec.model.hash ? { hash: spec.model.hash } : {}) } },
    model: factsOf(model), provider: engine.provider, versions: versionsOf(runtime.ort), engine, importances: null,
    tokens: (text, shape) => tokensOf(text, shape, model),
    encode: async (text) => Int32Array.from((await model.open.tokenizer()).encode(text)),
    decode: async (ids) => (await model.open.tokenizer()).decode(Array.from(ids)),
    task: bundledTask,
    derive: async (form) => engineOf(form === 'nf4' ? await nf4Model(model.graph) : await floatModel(model.graph)),
    keep: (adapter) => kept.set(adapter.name, adapter),
    kept: (name) => kept.get(name),
    newest: () => [...kept.values()].at(-1),
    now: () => performance.now(),
  };
  return { context, model, kept, dispose: () => engine.dispose() };
}
