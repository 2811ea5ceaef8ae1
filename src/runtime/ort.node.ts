/**
 * Loads ONNX Runtime in Node: onnxruntime-web's Node build for the CPU (with threads), its WebGPU
 * build on Dawn for a GPU, or the native build. The browser counterpart is `ort.web.ts`.
 */
import { availableParallelism, totalmem } from 'node:os';
import type { NativeProvider, ProviderName } from '../engine/facets/model.ts';
import { openGpu, type Gpu } from '../device/gpu.ts';
import { AtlasError } from '../errors.ts';
import { runtimeOf, type Runtime } from './runtime.ts';

/** Default number of threads. */
export const defaultThreads = (): number => Math.min(8, availableParallelism());

/** WebAssembly addresses 4 GB. The machine's other programs get half of its memory. */
export const defaultBudget = (provider: ProviderName = 'wasm'): number =>
  Math.min(provider.startsWith('native') ? Infinity : 4e9, totalmem() / 2);

/**
 * Throws `no-gpu` for `webgpu` without an adapter, and `no-native`; it never falls back to another
 * provider silently.
 */
export async function loadOrt(
  provider: ProviderName,
  threads = defaultThreads(),
): Promise<Runtime> {
  if (provider.startsWith('native')) {
    const { nativeBackend, nativeOrt } = await import('../engine/backends/native.node.ts');
    const own = (provider.split(':')[1] ?? 'cpu') as NativeProvider;
    const ort = await nativeOrt(own);
    const native = () => nativeBackend(ort, own, threads);
    return { kind: 'native', ort, threads, gpu: null, native };
  }
  if (provider === 'wasm') return runtimeOf(await import('onnxruntime-web'), threads, null);
  const gpu = await openDawn().catch((cause: unknown) => {
    throw new AtlasError('no-gpu', {}, { cause });
  });
  return runtimeOf(await import('onnxruntime-web/webgpu'), 1, gpu);
}

async function openDawn(): Promise<Gpu> {
  const { dawn } = await import('../device/dawn.node.ts');
  return openGpu(dawn());
}
