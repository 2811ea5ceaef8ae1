/** Options and helpers that depend on the measured provider. */
import type { InferenceSession } from 'onnxruntime-web';
import type { Runtime } from '../src/runtime/runtime.ts';
import { webgpuOptions } from '../src/engine/backends/webgpu-backend.ts';
import { ownTime } from './machine.ts';

/** Options for `parseArgs` in every benchmark of the engine. */
export const providerOption = { provider: { type: 'string', default: 'wasm' } } as const;

/** The options of the command line. Threads apply only to the CPU. */
export const engineOptions = (provider: string, threads: string) => ({
  provider,
  ...(provider === 'wasm' && { threads }),
});

/** Suffix of result files. WASM has none. */
export const fileMark = (provider: string): string => (provider === 'wasm' ? '' : `-${provider}`);

/** The provider as shown with every figure: "WASM, 2 threads" or "WebGPU on …". */
export const providerName = ({ gpu, threads }: Runtime): string =>
  gpu ? `WebGPU on ${gpu.name}` : `WASM, ${threads} threads`;

/**
 * Session options for unmodified graphs, with outputs on the CPU. Some operators of an export
 * (shape arithmetic in int64) have no GPU kernel; the runtime may run them on the CPU, its default
 * behaviour.
 */
export function plainOptions({ gpu }: Runtime): InferenceSession.SessionOptions {
  if (!gpu) return { executionProviders: ['wasm'] };
  const { executionProviders } = webgpuOptions(gpu.device);
  // Suppress the warnings about each such operator.
  return { ...(executionProviders && { executionProviders }), logSeverityLevel: 3 };
}

/**
 * Milliseconds. On WASM this is processor time, which depends less on other load; on a GPU it is
 * wall time, because processor time does not include the GPU.
 */
export const spentTime = ({ gpu }: Runtime): number => (gpu ? performance.now() : 1000 * ownTime());
