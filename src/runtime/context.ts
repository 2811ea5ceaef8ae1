/** Builds a study's context for the worker and the command line. */
import type { FullEngine } from '../engine/engine.ts';
import type { CompiledModel } from '../compiler/compiled.ts';
import type { Ort } from '../engine/backends/ort.ts';
import type { Threads } from '../methods/compress/pool.ts';
import type { Graph } from '../onnx/graph.ts';
import type { TextRef } from '../spec/spec.ts';
import type { StudyContext, DerivedForm } from '../studies/context.ts';
import type { SavedAdapter } from '../studies/saved-adapter.ts';
import { studyOf } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { batchOf, factsIn, wordsOf, type LoadedModel } from './load.ts';
import { versionsOf } from './versions.ts';

/** Saved adapters by name, in order of saving. */
export type Adapters = Map<string, SavedAdapter>;

/** Saving an adapter again moves it to the end. */
export function saveAdapter(adapters: Adapters, adapter: SavedAdapter): void {
  adapters.delete(adapter.name);
  adapters.set(adapter.name, adapter);
}

/** The base an experiment runs on: the original model or one made from it. */
export interface BaseContext {
  engine: FullEngine;
  graph: Graph;
  adapters: Adapters;
}

/** The parts of a context that differ between the page and the command line. */
export interface Around {
  loaded: LoadedModel;
  ort: Ort;
  /** Reads a bundled text by its id. Throws `no-file`. */
  bundledText(id: string): Promise<string>;
  /** See `StudyContext`. */
  file(path: string): Promise<string>;
  threads(): Promise<Threads>;
  /** Creates an engine over another form of the model, in addition to the current one. */
  engineOf(model: CompiledModel): Promise<FullEngine>;
}

/** `study`: the study to run, which may differ from the experiment's. */
export async function studyContext(
  spec: ExperimentSpec,
  study: ExperimentSpec['study'],
  { engine, graph, adapters }: BaseContext,
  around: Around,
): Promise<StudyContext> {
  const { loaded, ort, file, threads } = around;
  const { bos } = spec;
  return {
    spec,
    model: await factsIn({ texts: studyOf(study).texts(spec), bos }, loaded),
    provider: engine.provider,
    versions: versionsOf(ort),
    engine,
    importances: null,
    tokens: async (text, shape) =>
      batchOf({ text, bos, ...shape }, await contentOf(text, around), loaded),
    ...wordsOf(loaded, bos),
    file,
    threads,
    derive: (form) => derived(graph, form, around),
    saveAdapter: (adapter) => saveAdapter(adapters, adapter),
    savedAdapter: (name) => adapters.get(name),
    newest: () => [...adapters.values()].at(-1),
    now: () => performance.now(),
  };
}

/** The text to tokenise; empty for token ids. */
export const contentOf = async (
  text: TextRef,
  { bundledText }: Pick<Around, 'bundledText'>,
): Promise<string> =>
  text.kind === 'bundled' ? bundledText(text.id) : text.kind === 'own' ? text.text : '';

async function derived(graph: Graph, form: DerivedForm, { engineOf }: Around): Promise<FullEngine> {
  return engineOf(
    form === 'nf4'
      ? await (await import('../engine/pieces/nf4-model.ts')).nf4Model(graph)
      : await (await import('../engine/pieces/float-model.ts')).floatModel(graph),
  );
}
