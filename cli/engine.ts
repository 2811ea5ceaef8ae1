/** A compiled model on a provider in Node: the runtime, the backend, the engine, and how to let go of them. */
import { totalmem } from 'node:os';
import { createEngine } from '../src/engine/cut-engine.ts';
import type { Engine, TrainingEngine } from '../src/engine/engine.ts';
import { WasmBackend } from '../src/engine/wasm-backend.ts';
import { WebGpuBackend } from '../src/engine/webgpu-backend.ts';
import type { LoadedModel } from '../src/worker/load.ts';
import type { Options } from './main.ts';
import { loadRuntime, type NodeRuntime } from './runtime.ts';

export interface StartedEngine { engine: Engine & TrainingEngine; runtime: NodeRuntime }

/** WebAssembly addresses 4 GB; half of a smaller machine's memory is left to others. */
const budget = () => Math.min(4e9, totalmem() / 2);

export async function startEngine({ compiled }: LoadedModel, { provider, threads }: Options): Promise<StartedEngine> {
  const runtime = await loadRuntime(provider, threads);
  const backend = runtime.gpu ? new WebGpuBackend(runtime.ort, runtime.gpu) : new WasmBackend(runtime.ort);
  return { engine: createEngine({ model: compiled, backend, memoryBudgetBytes: budget() }), runtime };
}
