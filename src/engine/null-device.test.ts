/** The engine on a device that computes nothing and allows the least: what it asks of a device, whatever the numbers. */
import { afterAll, expect, test, vi } from 'vitest';
import { adamWStep, randomAdapters, trainingBatch } from '../../test/training-data.ts';
import { tinyDecoder } from '../../test/tiny-decoder.ts';
import { compile } from '../compiler/index.ts';
import { nullGpu } from '../device/test-null-gpu.ts';
import { readGraph } from '../onnx/read.ts';
import { createEngine } from './cut-engine.ts';
import type { Ort } from './ort.ts';
import { WebGpuBackend } from './webgpu-backend.ts';

vi.setConfig({ testTimeout: 120_000 });

const gpu = await nullGpu(), ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const model = compile(await readGraph(tinyDecoder({ weights: 'q4' }), { file: 'tiny' }));
const engine = createEngine({ model, backend: new WebGpuBackend(ort, gpu), memoryBudgetBytes: 1e9 });
afterAll(() => engine.dispose());

/** How often anything, the runtime or the engine, copied from the device and waited for it during `work`. */
async function readbacksOf(work: () => Promise<unknown>): Promise<number> {
  const { GPUBuffer } = globalThis as unknown as { GPUBuffer: { prototype: GPUBuffer } }, spy = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
  await work();
  const { length } = spy.mock.calls;
  spy.mockRestore();
  return length;
}

test('a training step reads its loss and its gradient norm back, and nothing else', async () => {
  const adapters = await engine.adapters(randomAdapters(engine.modules, 2)), use = { adapters, scale: () => 2 };
  // The loss of a device that computes nothing is no number.
  const step = () => expect(engine.trainStep(trainingBatch(), use, adamWStep({}))).rejects.toMatchObject({ code: 'diverged' });
  await step();
  // Three columns of the cross entropy, one norm.
  expect(await readbacksOf(step)).toBe(4);
  adapters.dispose();
});
