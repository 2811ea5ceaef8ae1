/** Backends for tests: the CPU always, WebGPU if Dawn finds an adapter. */
import { setFlagsFromString } from 'node:v8';
import { testGpu } from '../../device/test-gpu.ts';
import type { Backend } from './backend.ts';
import type { Ort } from './ort.ts';
import { CpuBackend } from './cpu-backend.ts';
import { installedNative, nativeBackend, nativeOrt, NATIVE_VERSION } from './native.node.ts';
import { WebGpuBackend } from './webgpu-backend.ts';

/** Two threads, as on the smallest machine that runs the tests. */
export async function wasmBackend(threads = 2): Promise<Backend> {
  const ort = (await import('onnxruntime-web')) as unknown as Ort;
  ort.env.wasm.numThreads = threads;
  return new CpuBackend(ort);
}

/** WASM, or the native build in `npm run test:native`. */
export const cpuBackend = (threads?: number): Promise<Backend> =>
  process.env.PROVIDER === 'native' ? nativeTestBackend(threads) : wasmBackend(threads);

/** Whether onnxruntime-node is installed in the pinned version. Tests of it are skipped without. */
export const hasNative = installedNative() === NATIVE_VERSION;

export async function nativeTestBackend(threads = 2): Promise<Backend> {
  return nativeBackend(await nativeOrt('cpu'), 'cpu', threads);
}

/**
 * Call before loading the WebGPU build of the runtime in a short-lived process. V8 optimises one
 * huge function of it in the background and waits for that at exit, which takes two minutes of CPU
 * time.
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
