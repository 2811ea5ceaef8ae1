/** Opens a study in Node: loads its model, engine, base and checkpoints. */
import { defined } from '../src/checked.ts';
import { compile } from '../src/compiler/index.ts';
import { openEngine } from '../src/engine/cut-engine.ts';
import { deriveBase } from '../src/studies/base.ts';
import { isOnBase, makerOf } from '../src/studies/base-kinds.ts';
import { checkpointKey } from '../src/studies/checkpoint.ts';
import { derivedGraph, type DerivedBase } from '../src/studies/derived-base.ts';
import { studyOf } from '../src/studies/registry.ts';
import type { ExperimentSpec, StudyKind } from '../src/studies/spec.ts';
import type { StudyContext } from '../src/studies/context.ts';
import { saveAdapter, studyContext, type Adapters, type Around } from '../src/runtime/context.ts';
import type { LoadedModel } from '../src/runtime/load.ts';
import { bundledFile, bundledText } from './bundled.ts';
import { digestOf, openCheckpoint, type CheckpointWriter } from './checkpoints.ts';
import { printBos } from './data.ts';
import { defaultBudget } from '../src/runtime/ort.node.ts';
import { backendOf } from '../src/runtime/runtime.ts';
import { startEngine, warnOfTraining } from './engine.ts';
import { adapterAt } from './import.ts';
import type { Options } from './options.ts';
import { loadFor } from './model-files.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { nodeThreads } from './svd-threads.ts';

export interface OpenStudy {
  context: StudyContext;
  /** The original model, whatever the experiment's base. */
  model: LoadedModel;
  /** Adapters that the study has trained or imported, by name. */
  adapters: Adapters;
  /**
   * Opens the checkpoints of a study, with the last one of an earlier run of the same experiment.
   */
  checkpointWriter<T>(study: StudyKind, spec?: ExperimentSpec): Promise<CheckpointWriter<T>>;
  dispose(): Promise<void>;
}

/**
 * Opens the model an experiment names (or `--model`) on a provider. If the experiment has a base,
 * it is computed here, with progress on stderr. There is no map: studies measure what they need.
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
      'rank-atlas: the experiment was made with a different file of this model; the results may differ.',
    );
  if (studyOf(spec.study).trains) await warnOfTraining(engine);
  const adapters: Adapters = new Map();
  let imported: string | null = null;
  if (options.adapter !== undefined) {
    const { adapters: values, scale } = await adapterAt(options.adapter, model);
    imported = digestOf(values, scale);
    saveAdapter(adapters, {
      name: 'imported',
      values,
      scales: values.map((v) => scale(v.module)),
      base: 'as-is',
    });
  }
  const around: Around = {
    loaded: model,
    ort: runtime.ort,
    bundledText,
    file: bundledFile,
    threads: async () => nodeThreads,
    engineOf: (compiled) =>
      openEngine({
        model: compiled,
        backend: backendOf(runtime),
        memoryBudgetBytes: defaultBudget(runtime.kind),
      }),
  };
  const { hash } = spec.model;
  const named = {
    ...spec,
    model: { id: model.open.id, ...(options.model === undefined && hash ? { hash } : {}) },
  };
  const original = { engine, graph: model.graph, adapters };
  const context = await studyContext(named, spec.study, original, around);
  printBos(context.model.bos);
  // Results depend on the provider and its number of threads.
  const writerFor = <T>(name: string, kind: StudyKind, of: ExperimentSpec) =>
    openCheckpoint<T>(name, [
      checkpointKey(kind, of, model.open.hash, context.versions.rankAtlas),
      engine.provider,
      imported,
    ]);
  const checkpointWriter: OpenStudy['checkpointWriter'] = (kind, of = context.spec) =>
    writerFor(kind, kind, of);
  if (spec.base === 'as-is' || !isOnBase(spec.study))
    return { context, model, adapters, checkpointWriter, dispose: () => engine.dispose() };
  try {
    const graph = await derivedGraph(
      model,
      await computeBase(
        context,
        await writerFor('base', defined(makerOf(spec.base)), context.spec),
      ),
    );
    const based = await around.engineOf(compile(graph));
    const derived = { engine: based, graph, adapters };
    return {
      context: await studyContext(named, spec.study, derived, around),
      model,
      adapters,
      checkpointWriter,
      dispose: () => based.dispose(),
    };
  } finally {
    await engine.dispose();
  }
}

async function computeBase(context: StudyContext, writer: CheckpointWriter): Promise<DerivedBase> {
  const making = steps(deriveBase({ ...context, checkpoint: writer }), writer);
  const { base } = context.spec;
  try {
    for (;;) {
      const next = await making.next();
      if (next.done) {
        // If the study on this base is interrupted, the base is restored from this checkpoint.
        await writer.save();
        return next.value;
      }
      line(`Computing the ${base} model, ${(100 * next.value).toFixed(0)} %`);
    }
  } finally {
    await making.return(undefined as never);
    clearLine();
  }
}
