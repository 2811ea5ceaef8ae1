/** What a study needs from outside, in Node. */
import { defined } from '../src/checked.ts';
import type { CompiledModel } from '../src/compiler/compiled.ts';
import { compile } from '../src/compiler/index.ts';
import { createEngine } from '../src/engine/cut-engine.ts';
import { floatModel } from '../src/engine/float-model.ts';
import { nf4Model } from '../src/engine/nf4-model.ts';
import { makeBase } from '../src/studies/base.ts';
import { isOnBase, makerOf } from '../src/studies/base-kinds.ts';
import { checkpointKey } from '../src/studies/checkpoint.ts';
import { basedGraph, type MadeBase } from '../src/studies/made-base.ts';
import { studyOf } from '../src/studies/registry.ts';
import type { ExperimentSpec, StudyKind } from '../src/studies/spec.ts';
import type { KeptAdapter, StudyContext } from '../src/studies/context.ts';
import type { Graph } from '../src/onnx/graph.ts';
import { factsIn, wordsOf, type LoadedModel } from '../src/runtime/load.ts';
import { versionsOf } from '../src/runtime/versions.ts';
import { bundledFile } from './bundled.ts';
import { digestOf, keeperOf, type Keeper } from './checkpoints.ts';
import { sayBos, tokensOf } from './data.ts';
import { backendOf, budget, startEngine, warnOfTraining } from './engine.ts';
import { adapterAt } from './import.ts';
import type { Options } from './options.ts';
import { loadFor } from './model-files.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { nodeThreads } from './svd-threads.ts';

export interface OpenStudy {
  context: StudyContext;
  /** As it came, whatever the experiment's base. */
  model: LoadedModel;
  /** Adapters the study has trained, by name. */
  kept: ReadonlyMap<string, KeptAdapter>;
  /** The checkpoints of a study, and where an earlier run of the same experiment stood. */
  keeper<T>(study: StudyKind, spec?: ExperimentSpec): Promise<Keeper<T>>;
  dispose(): Promise<void>;
}

/**
 * The model an experiment names (or `--model`) on a provider, and its base where it has one: made
 * here, with progress on stderr. There is no map: studies measure what they need.
 */
export async function openStudy(spec: ExperimentSpec, options: Options): Promise<OpenStudy> {
  const model = await loadFor(options, spec.model);
  const { engine, runtime } = await startEngine(model, options);
  if (
    options.model === undefined &&
    spec.model.hash !== undefined &&
    spec.model.hash !== model.open.hash
  )
    console.error(
      'rank-atlas: the experiment was made with another file of this model; its numbers may differ.',
    );
  if (studyOf(spec.study).trains) await warnOfTraining(engine);
  const kept = new Map<string, KeptAdapter>();
  let imported: string | null = null;
  if (options.adapter !== undefined) {
    const { adapters: values, scale } = await adapterAt(options.adapter, model);
    imported = digestOf(values, scale);
    kept.set('imported', {
      name: 'imported',
      values,
      scales: values.map((v) => scale(v.module)),
      base: 'as-is',
    });
  }
  const engineOf = (compiled: CompiledModel) =>
    createEngine({ model: compiled, backend: backendOf(runtime), memoryBudgetBytes: budget() });
  const deriveFrom =
    (graph: Graph): StudyContext['derive'] =>
    async (form) =>
      engineOf(form === 'nf4' ? await nf4Model(graph) : await floatModel(graph));
  const facts = await factsIn({ texts: studyOf(spec.study).texts(spec), bos: spec.bos }, model);
  sayBos(facts.bos);
  const context: StudyContext = {
    spec: {
      ...spec,
      model: {
        id: model.open.id,
        ...(options.model === undefined && spec.model.hash ? { hash: spec.model.hash } : {}),
      },
    },
    model: facts,
    provider: engine.provider,
    versions: versionsOf(runtime.ort),
    engine,
    importances: null,
    tokens: (text, shape) => tokensOf(text, { ...shape, bos: spec.bos }, model),
    ...wordsOf(model, spec.bos),
    file: bundledFile,
    threads: async () => nodeThreads,
    derive: deriveFrom(model.graph),
    keep: (adapter) => kept.set(adapter.name, adapter),
    kept: (name) => kept.get(name),
    newest: () => [...kept.values()].at(-1),
    now: () => performance.now(),
  };
  // Numbers are those of the provider, too, and of its threads.
  const keeperFor = <T>(name: string, kind: StudyKind, of: ExperimentSpec) =>
    keeperOf<T>(name, [
      checkpointKey(kind, of, model.open.hash, context.versions.rankAtlas),
      engine.provider,
      imported,
    ]);
  const keeper: OpenStudy['keeper'] = (kind, of = context.spec) => keeperFor(kind, kind, of);
  if (spec.base === 'as-is' || !isOnBase(spec.study))
    return { context, model, kept, keeper, dispose: () => engine.dispose() };
  try {
    const graph = await basedGraph(
      model,
      await madeBase(context, await keeperFor('base', defined(makerOf(spec.base)), context.spec)),
    );
    const based = engineOf(compile(graph));
    return {
      context: { ...context, engine: based, derive: deriveFrom(graph) },
      model,
      kept,
      keeper,
      dispose: () => based.dispose(),
    };
  } finally {
    await engine.dispose();
  }
}

async function madeBase(context: StudyContext, keeper: Keeper): Promise<MadeBase> {
  const making = steps(makeBase({ ...context, checkpoint: keeper }), keeper);
  const { base } = context.spec;
  try {
    for (;;) {
      const next = await making.next();
      if (next.done) {
        // It is made again from there if what runs on it is stopped.
        await keeper.save();
        return next.value;
      }
      line(`Making the ${base} model, ${(100 * next.value).toFixed(0)} %`);
    }
  } finally {
    await making.return(undefined as never);
    clearLine();
  }
}
