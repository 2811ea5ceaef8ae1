/** Backends for tests: the CPU always, WebGPU where Dawn finds an adapter. */
import { testGpu } from '../device/test-gpu.ts';
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

/** Null without an adapter. */
export async function webgpuBackend(): Promise<Backend | null> {
  const gpu = await testGpu();
  if (!gpu) return null;
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  ort.env.wasm.numThreads = 1;
  return new WebGpuBackend(ort, gpu);
}
