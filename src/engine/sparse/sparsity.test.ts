/**
 * Pruning and masked adapters on the CPU. WebGPU: `sparsity.slow.test.ts`; its kernels:
 * `device/sparse-kernels.test.ts`.
 */
import { sparseSuite } from '../../../test/sparse-suite.ts';
import { cpuBackend } from '../backends/test-backends.ts';

sparseSuite('WASM', () => cpuBackend());
