/**
 * A compiled model on a provider in Node: the runtime, the backend, the engine, and how to let go
 * of them.
 */
import type { FullEngine } from '../src/engine/engine.ts';
import type { CompiledModel } from '../src/compiler/compiled.ts';
import { AtlasError } from '../src/errors.ts';
import { Nf4Kernels } from '../src/device/nf4-kernels.ts';
import type { Backend } from '../src/engine/backends/backend.ts';
import { createEngine } from '../src/engine/cut-engine.ts';
import { nf4Model } from '../src/engine/pieces/nf4-model.ts';
import { WasmBackend } from '../src/engine/backends/wasm-backend.ts';
import { WebGpuBackend } from '../src/engine/backends/webgpu-backend.ts';
import type { TrainSettings } from '../src/studies/train/settings.ts';
import type { LoadedModel } from '../src/runtime/load.ts';
import type { Options } from './options.ts';
import { defaultBudget, type Runtime } from '../src/runtime/ort.node.ts';
import { loadRuntime } from './runtime.ts';

export interface StartedEngine {
  engine: FullEngine;
  runtime: Runtime;
  /** What the engine computes with: the model given, or the same in NF4. */
  compiled: CompiledModel;
}

/** Several may be on one runtime; on a GPU they share its device. */
export const backendOf = ({ ort, gpu }: Runtime): Backend =>
  gpu ? new WebGpuBackend(ort, gpu) : new WasmBackend(ort);

export async function startEngine(
  model: LoadedModel,
  { provider, threads }: Options,
  base: TrainSettings['base'] = 'as-is',
): Promise<StartedEngine> {
  const runtime = await loadRuntime(provider, threads);
  const compiled = base === 'nf4' ? await inNf4(model, runtime) : model.compiled;
  return {
    engine: createEngine({
      model: compiled,
      backend: backendOf(runtime),
      memoryBudgetBytes: defaultBudget(),
    }),
    runtime,
    compiled,
  };
}

/** Says on stderr which kernels of training this provider computes wrongly, if any. */
export async function warnOfTraining(engine: FullEngine): Promise<void> {
  for (const { name, error, allowed } of (await engine.testTraining()).filter((c) => !c.ok)) {
    console.error(
      `rank-atlas: ${new AtlasError('self-test', { provider: `${engine.provider.kind} (${name})`, error: error.toPrecision(2), allowed: allowed.toPrecision(1) }).message}`,
    );
  }
}

/** Quantised by the GPU where there is one, else by the kernels' twin. */
async function inNf4({ graph }: LoadedModel, { gpu }: Runtime): Promise<CompiledModel> {
  if (!gpu) return nf4Model(graph);
  const kernels = new Nf4Kernels(gpu.device);
  try {
    return await nf4Model(graph, (weights) => kernels.quantise(weights));
  } finally {
    kernels.dispose();
  }
}
