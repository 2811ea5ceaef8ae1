/** A loaded ONNX Runtime, whoever loaded it (`ort.node.ts`, `ort.web.ts`), and backends on it. */
import type { Gpu } from '../device/gpu.ts';
import type { Backend } from '../engine/backends/backend.ts';
import type { Ort } from '../engine/backends/ort.ts';
import { CpuBackend } from '../engine/backends/cpu-backend.ts';
import { watchHeap } from '../engine/backends/wasm-heap.ts';
import { WebGpuBackend } from '../engine/backends/webgpu-backend.ts';
import type { ProviderKind } from '../engine/engine.ts';

/** A loaded runtime. Several engines may share it. */
export interface Runtime {
  kind: ProviderKind;
  ort: Ort;
  threads: number;
  /** Null on the CPU. */
  gpu: Gpu | null;
  /** Creates a backend on the native build, which only Node loads. Null for onnxruntime-web. */
  native: (() => Backend) | null;
}

/** Sets up a runtime before its first session. `gpu`: null on the CPU. */
export function runtimeOf(ort: Ort, threads: number, gpu: Gpu | null): Runtime {
  watchHeap();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { kind: gpu ? 'webgpu' : 'wasm', ort, threads, gpu, native: null };
}

/** Several backends can use one runtime. On a GPU they share its device. */
export const backendOf = ({ ort, gpu, native }: Runtime): Backend =>
  gpu ? new WebGpuBackend(ort, gpu) : native ? native() : new CpuBackend(ort);
