/** Counts the work of `../work.ts` for several models. */
import { existsSync, readFileSync } from 'node:fs';
import { bundledModel } from '../../cli/bundled.ts';
import type { CompiledModel } from '../../src/compiler/compiled.ts';
import { openExport } from '../../src/compiler/open.ts';
import { nullGpu } from '../../src/device/test-null-gpu.ts';
import { createEngine } from '../../src/engine/cut-engine.ts';
import type { Ort } from '../../src/engine/backends/ort.ts';
import { shortLived } from '../../src/engine/backends/test-backends.ts';
import { WebGpuBackend } from '../../src/engine/backends/webgpu-backend.ts';
import { loadModel } from '../../src/runtime/load.ts';
import { sharedPath } from '../../test/shared.ts';
import { madeUpData } from '../made-up.ts';
import { BEFORE, work } from '../work.ts';
import { GpuCounter, onesRead, type Counts } from './gpu.ts';

/** Counts of each kind of work. */
export type Work = Record<string, Counts>;

/**
 * Returns a function that counts a model's work on a device that computes nothing. Call it once per
 * process.
 */
export async function openCounter(): Promise<(model: CompiledModel) => Promise<Work>> {
  shortLived();
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  onesRead();
  const counter = new GpuCounter(ort);
  return async (model) => {
    const counts: Work = {};
    for (const [name, prepare] of Object.entries(work({ sequences: 2, length: 32 }))) {
      // A fixed budget, because caching and batching depend on it: the counts are the same on every
      // machine.
      const engine = createEngine({
        model,
        backend: new WebGpuBackend(ort, await nullGpu()),
        memoryBudgetBytes: 3e9,
      });
      const task = await prepare(engine);
      for (let i = 0; i < BEFORE; i++) await task();
      counts[name] = await counter.of(task);
      await engine.dispose();
    }
    return counts;
  };
}

/** Loads each model by name. Null if its graph is missing. */
export const MODELS: Record<string, () => Promise<CompiledModel | null>> = {
  'atlas-3m': async () => (await loadModel(await bundledModel('atlas-3m'))).compiled,
  'SmolLM2-135M': async () => {
    const file = sharedPath('models', 'SmolLM2-135M-Instruct-ONNX', 'onnx', 'model_q4.onnx');
    if (!existsSync(file)) return null;
    const graph = readFileSync(file);
    return (
      await openExport(graph, {
        file: 'model_q4.onnx',
        external: (name) => madeUpData(graph, name),
      })
    ).compiled;
  },
};
