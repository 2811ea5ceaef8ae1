/** The CPU backend on ONNX Runtime's native build for Node (onnxruntime-node). */
import type { NativeProvider } from '../facets/model.ts';
import { CpuBackend, type CpuBuild } from './cpu-backend.ts';
import type { Ort } from './ort.ts';

/** `ort`: onnxruntime-node. `provider`: one that this build has. */
export const nativeBackend = (
  ort: Ort,
  { provider, threads, noise }: { provider: NativeProvider; threads: number } & Pick<
    CpuBuild,
    'noise'
  >,
): CpuBackend =>
  new CpuBackend(ort, {
    provider: {
      kind: 'native',
      device: provider === 'cpu' ? 'CPU' : provider,
      threads,
      software: false,
    },
    options: {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    },
    takesUint4: false,
    takesHalves: false,
    noise,
  });
