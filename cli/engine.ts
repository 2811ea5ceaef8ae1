/** Starts an engine in Node: loads the runtime and creates a backend and an engine on it. */
import type { FullEngine } from '../src/engine/engine.ts';
import type { CompiledModel } from '../src/compiler/compiled.ts';
import { AtlasError } from '../src/errors.ts';
import { Nf4Kernels } from '../src/device/nf4-kernels.ts';
import { openEngine } from '../src/engine/cut-engine.ts';
import { nf4Model } from '../src/engine/pieces/nf4-model.ts';
import type { TrainSettings } from '../src/studies/train/settings.ts';
import type { LoadedModel } from '../src/runtime/load.ts';
import type { Options } from './options.ts';
import { defaultBudget } from '../src/runtime/ort.node.ts';
import { backendOf, type Runtime } from '../src/runtime/runtime.ts';
import { loadRuntime } from './runtime.ts';

export interface StartedEngine {
  engine: FullEngine;
  runtime: Runtime;
  /** The model the engine runs: the given model, or its NF4 version. */
  compiled: CompiledModel;
}

export async function startEngine(
  model: LoadedModel,
  { provider, threads }: Options,
  base: TrainSettings['base'] = 'as-is',
): Promise<StartedEngine> {
  const runtime = await loadRuntime(provider, threads);
  const compiled = base === 'nf4' ? await inNf4(model, runtime) : model.compiled;
  return {
    engine: await openEngine({
      model: compiled,
      backend: backendOf(runtime),
      memoryBudgetBytes: defaultBudget(runtime.kind),
    }),
    runtime,
    compiled,
  };
}

/** Warns on stderr about training kernels that fail their self-test on this provider. */
export async function warnOfTraining(engine: FullEngine): Promise<void> {
  for (const { name, error, allowed } of (await engine.testTraining()).filter((c) => !c.ok)) {
    console.error(
      `rank-atlas: ${new AtlasError('self-test', { provider: `${engine.provider.kind} (${name})`, error: error.toPrecision(2), allowed: allowed.toPrecision(1) }).message}`,
    );
  }
}

/** Quantises on the GPU if present, otherwise with the kernels' CPU reference implementation. */
async function inNf4({ graph }: LoadedModel, { gpu }: Runtime): Promise<CompiledModel> {
  if (!gpu) return nf4Model(graph);
  const kernels = new Nf4Kernels(gpu.device);
  try {
    return await nf4Model(graph, (weights) => kernels.quantise(weights));
  } finally {
    kernels.dispose();
  }
}
