/**
 * Loads onnxruntime-web in a browser, for the library: on a page or in a worker. `ort.node.ts`
 * does so in Node. The playground's loader is `worker/runtime.ts`, which counts the download.
 */
import type { ProviderName } from '../engine/facets/model.ts';
import { nativeInBrowser } from '../engine/backends/provider.ts';
import { openGpu } from '../device/gpu.ts';
import { AtlasError } from '../errors.ts';
import { runtimeOf, type Runtime } from './runtime.ts';

/** Threads need cross-origin isolation. */
export const defaultThreads = (): number =>
  globalThis.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;

/** WebAssembly addresses 4 GB. A page cannot read the machine's memory size. */
export const defaultBudget: (provider?: ProviderName) => number = () => 4e9;

/** Throws `no-gpu` for `webgpu` without an adapter; it never falls back to the CPU silently. */
export async function loadOrt(kind: ProviderName, threads = defaultThreads()): Promise<Runtime> {
  if (kind.startsWith('native')) throw nativeInBrowser();
  const gpu =
    kind === 'webgpu'
      ? await openGpu(navigator.gpu).catch((cause: unknown) => {
          throw new AtlasError('no-gpu', {}, { cause });
        })
      : null;
  const ort = gpu ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  return runtimeOf(ort, threads, gpu);
}
