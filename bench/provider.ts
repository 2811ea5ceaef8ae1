/** Which provider a bench measures, and what follows from it. */
import type { InferenceSession } from 'onnxruntime-web';
import type { Runtime } from '../src/runtime/ort.node.ts';
import { webgpuOptions } from '../src/engine/backends/webgpu-backend.ts';
import { ownTime } from './machine.ts';

/** For `parseArgs`: every bench that measures the engine takes these. */
export const providerOption = { provider: { type: 'string', default: 'wasm' } } as const;

/** As the command line takes them: threads are the CPU's. */
export const engineOptions = (provider: string, threads: string) => ({
  provider,
  ...(provider === 'wasm' && { threads }),
});

/** In names of result files, which without it are of WASM. */
export const fileMark = (provider: string): string => (provider === 'wasm' ? '' : `-${provider}`);

/** "WASM, 2 threads", "WebGPU on …": with every figure. */
export const providerName = ({ gpu, threads }: Runtime): string =>
  gpu ? `WebGPU on ${gpu.name}` : `WASM, ${threads} threads`;

/**
 * Sessions over graphs that are not ours, with outputs on the CPU. Of an export some operators
 * (shape arithmetic in int64) have no kernel on the GPU: the runtime may put them on the CPU, as it
 * would for anyone.
 */
export function plainOptions({ gpu }: Runtime): InferenceSession.SessionOptions {
  if (!gpu) return { executionProviders: ['wasm'] };
  const { executionProviders } = webgpuOptions(gpu.device);
  // It warns of every such operator; only errors are of interest.
  return { ...(executionProviders && { executionProviders }), logSeverityLevel: 3 };
}

/**
 * Milliseconds: of the processors on WASM, where others disturb that less than the clock; by the
 * clock on a GPU, where it says nothing.
 */
export const spentTime = ({ gpu }: Runtime): number =>
  gpu ? performance.now() : 1000 * ownTime();
