/** A loaded ONNX Runtime, whoever loaded it (`ort.node.ts`, `ort.web.ts`), and backends on it. */
import type { Gpu } from '../device/gpu.ts';
import type { Backend } from '../engine/backends/backend.ts';
import type { Ort } from '../engine/backends/ort.ts';
import { CpuBackend } from '../engine/backends/cpu-backend.ts';
import { nativeBackend } from '../engine/backends/native-backend.ts';
import { watchHeap } from '../engine/backends/wasm-heap.ts';
import { WebGpuBackend } from '../engine/backends/webgpu-backend.ts';
import type { SimdNoise } from '../device/simd-noise.ts';
import { AtlasError } from '../errors.ts';
import type { ProviderKind } from '../engine/engine.ts';
import type { NativeProvider } from '../engine/facets/model.ts';

/** A loaded runtime. Several engines may share it. */
export interface Runtime {
  kind: ProviderKind;
  ort: Ort;
  threads: number;
  /** Null on the CPU. */
  gpu: Gpu | null;
  /** The native build: its execution provider and threads for the noise. Else null. */
  native: { provider: NativeProvider; noise(): SimdNoise } | null;
}

/** Sets up a runtime before its first session. `gpu`: null on the CPU. */
export function runtimeOf(ort: Ort, threads: number, gpu: Gpu | null): Runtime {
  watchHeap();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { kind: gpu ? 'webgpu' : 'wasm', ort, threads, gpu, native: null };
}

/** For a provider that only Node has. */
export const nativeInBrowser = (): AtlasError =>
  new AtlasError('no-native', {
    why: 'a browser cannot load it',
    remedy: 'It is for the command line and the library in Node.',
  });

/** Several backends can use one runtime. On a GPU they share its device. */
export const backendOf = ({ ort, gpu, native, threads }: Runtime): Backend =>
  gpu
    ? new WebGpuBackend(ort, gpu)
    : native
      ? nativeBackend(ort, { ...native, threads })
      : new CpuBackend(ort);
