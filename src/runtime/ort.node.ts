/**
 * Loads onnxruntime-web in Node: its Node build for the CPU (with threads), its WebGPU build on
 * Dawn for a GPU. The browser counterpart is `ort.web.ts`.
 */
import { availableParallelism, totalmem } from 'node:os';
import type { ProviderKind } from '../engine/engine.ts';
import { openGpu, type Gpu } from '../device/gpu.ts';
import { AtlasError } from '../errors.ts';
import { runtimeOf, type Runtime } from './runtime.ts';

/** Default number of threads. */
export const defaultThreads = (): number => Math.min(8, availableParallelism());

/** WebAssembly addresses 4 GB. A smaller machine's other programs get half of its memory. */
export const defaultBudget = (): number => Math.min(4e9, totalmem() / 2);

/** Throws `no-gpu` for `webgpu` without an adapter; it never falls back to the CPU silently. */
export async function loadOrt(kind: ProviderKind, threads = defaultThreads()): Promise<Runtime> {
  if (kind === 'wasm') return runtimeOf(await import('onnxruntime-web'), threads, null);
  const gpu = await openDawn().catch((cause: unknown) => {
    throw new AtlasError('no-gpu', {}, { cause });
  });
  return runtimeOf(await import('onnxruntime-web/webgpu'), 1, gpu);
}

async function openDawn(): Promise<Gpu> {
  const { dawn } = await import('../device/dawn.node.ts');
  return openGpu(dawn());
}
