/** The CPU backend on ONNX Runtime's native build for Node (onnxruntime-node). */
import type { NativeProvider } from '../facets/model.ts';
import { CpuBackend, type CpuBuild } from './cpu-backend.ts';
import type { Ort } from './ort.ts';

/** `ort`: onnxruntime-node. `provider`: one that this build has. */
export const nativeBackend = (
  ort: Ort,
  {
    provider,
    threads,
    noise,
  }: { provider: NativeProvider; threads: number } & Pick<CpuBuild, 'noise'>,
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
      // The default fuses 8-bit weights into products that round activations to 8 bits.
      extra: { session: { qdq_matmulnbits_accuracy_level: '1' } },
    },
    takesUint4: false,
    takesHalves: false,
    // A protobuf message has at most 2 GB.
    holds: { form: 'packed', maxBytes: 1.5e9 },
    noise,
  });
