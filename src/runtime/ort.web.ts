/**
 * Loads onnxruntime-web in a browser, for the library: on a page or in a worker. `ort.node.ts`
 * does so in Node. The playground's loader is `worker/runtime.ts`, which counts the download.
 */
import type { Ort } from '../engine/backends/ort.ts';
import { watchHeap } from '../engine/backends/wasm-heap.ts';
import type { ProviderKind } from '../engine/engine.ts';
import { openGpu } from '../device/gpu.ts';
import { AtlasError } from '../errors.ts';
import type { Runtime } from './ort.node.ts';

export type { Runtime };

/** Threads need cross-origin isolation. */
export const defaultThreads = (): number =>
  globalThis.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;

/** WebAssembly addresses 4 GB. A page cannot read the machine's memory size. */
export const defaultBudget = (): number => 4e9;

/** Throws `no-gpu` for `webgpu` without an adapter; it never falls back to the CPU silently. */
export async function loadOrt(kind: ProviderKind, threads = defaultThreads()): Promise<Runtime> {
  const gpu =
    kind === 'webgpu'
      ? await openGpu(navigator.gpu).catch((cause: unknown) => {
          throw new AtlasError('no-gpu', {}, { cause });
        })
      : null;
  watchHeap();
  const ort: Ort = gpu
    ? await import('onnxruntime-web/webgpu')
    : await import('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { kind, ort, threads, gpu };
}
