/**
 * Loads onnxruntime-web in Node: its Node build for the CPU (with threads), its WebGPU build on
 * Dawn for a GPU. The browser counterpart is `ort.web.ts`.
 */
import { availableParallelism, totalmem } from 'node:os';
import type { Ort } from '../engine/backends/ort.ts';
import { watchHeap } from '../engine/backends/wasm-heap.ts';
import type { ProviderKind } from '../engine/engine.ts';
import { openGpu, type Gpu } from '../device/gpu.ts';
import { AtlasError } from '../errors.ts';

/** A loaded runtime. Several engines may share it. */
export interface Runtime {
  kind: ProviderKind;
  ort: Ort;
  threads: number;
  /** Null on the CPU. */
  gpu: Gpu | null;
}

/** Default number of threads. */
export const defaultThreads = (): number => Math.min(8, availableParallelism());

/** WebAssembly addresses 4 GB. A smaller machine's other programs get half of its memory. */
export const defaultBudget = (): number => Math.min(4e9, totalmem() / 2);

/** Throws `no-gpu` for `webgpu` without an adapter; it never falls back to the CPU silently. */
export async function loadOrt(kind: ProviderKind, threads = defaultThreads()): Promise<Runtime> {
  if (kind === 'wasm')
    return { kind, ort: quiet(await import('onnxruntime-web'), threads), threads, gpu: null };
  const gpu = await openDawn().catch((cause: unknown) => {
    throw new AtlasError('no-gpu', {}, { cause });
  });
  return { kind, ort: quiet(await import('onnxruntime-web/webgpu'), 1), threads: 1, gpu };
}

async function openDawn(): Promise<Gpu> {
  const { dawn } = await import('../device/dawn.node.ts');
  return openGpu(dawn());
}

function quiet(ort: unknown, threads: number): Ort {
  const runtime = ort as Ort;
  watchHeap();
  runtime.env.wasm.numThreads = threads;
  runtime.env.logLevel = 'error';
  return runtime;
}
