/** Backends for tests: the CPU always, WebGPU where Dawn finds an adapter. */
import { setFlagsFromString } from 'node:v8';
import { testGpu } from '../../device/test-gpu.ts';
import type { Backend } from './backend.ts';
import type { Ort } from './ort.ts';
import { WasmBackend } from './wasm-backend.ts';
import { WebGpuBackend } from './webgpu-backend.ts';

/** Two threads: what the smallest machine that runs the suite has. */
export async function wasmBackend(threads = 2): Promise<Backend> {
  const ort = (await import('onnxruntime-web')) as unknown as Ort;
  ort.env.wasm.numThreads = threads;
  return new WasmBackend(ort);
}

/**
 * To be called before the WebGPU build of the runtime is loaded in a process that does not run it
 * for long: optimising one huge function of it, which V8 does beside it and waits for at the end,
 * takes two minutes of processor time.
 */
export const shortLived = (): void => setFlagsFromString('--liftoff-only');

/** Null without an adapter. */
export async function webgpuBackend(): Promise<Backend | null> {
  const gpu = await testGpu();
  if (!gpu) return null;
  shortLived();
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  ort.env.wasm.numThreads = 1;
  return new WebGpuBackend(ort, gpu);
}
