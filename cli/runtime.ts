/**
 * Loads onnxruntime-web in Node: its Node build for the CPU (with threads), or its WebGPU build on
 * Dawn for a GPU.
 */
import { availableParallelism } from 'node:os';
import type * as Ort from 'onnxruntime-web';
import { dawn } from '../src/device/dawn.node.ts';
import { openGpu, type Gpu } from '../src/device/gpu.ts';
import type { ProviderKind } from '../src/engine/engine.ts';
import { watchHeap } from '../src/engine/backends/wasm-heap.ts';
import { AtlasError } from '../src/errors.ts';

export interface NodeRuntime {
  kind: ProviderKind;
  ort: typeof Ort;
  threads: number;
  gpu: Gpu | null;
}

/** `provider` and `threads` are as typed by the user. Throws `usage` and `no-gpu`. */
export async function loadRuntime(provider = 'wasm', threads?: string): Promise<NodeRuntime> {
  const count = threads === undefined ? Math.min(8, availableParallelism()) : Number(threads);
  if (!Number.isInteger(count) || count < 1 || count > 64)
    throw new AtlasError('usage', { why: `"${threads}" is not a number of threads` });
  if (provider === 'wasm') {
    const ort = await import('onnxruntime-web');
    return { kind: 'wasm', ort: quiet(ort, count), threads: count, gpu: null };
  }
  if (provider === 'webgpu') {
    if (threads !== undefined)
      throw new AtlasError('usage', { why: '--threads is for the CPU, not for --provider webgpu' });
    // If the user requested the GPU, never fall back to the CPU silently.
    const gpu = await openGpu(dawn()).catch((cause: unknown) => {
      throw new AtlasError('no-gpu', {}, { cause });
    });
    const ort = (await import('onnxruntime-web/webgpu')) as unknown as typeof Ort;
    return { kind: 'webgpu', ort: quiet(ort, 1), threads: 1, gpu };
  }
  throw new AtlasError('usage', { why: `"${provider}" is not a provider (wasm or webgpu)` });
}

function quiet(ort: typeof Ort, threads: number): typeof Ort {
  watchHeap();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return ort;
}
