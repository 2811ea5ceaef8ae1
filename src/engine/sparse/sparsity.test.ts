/**
 * Pruning and masked adapters on the CPU. WebGPU: `sparsity.slow.test.ts`; its kernels:
 * `device/sparse-kernels.test.ts`.
 */
import { sparseSuite } from '../../../test/sparse-suite.ts';
import { wasmBackend } from '../backends/test-backends.ts';

sparseSuite('WASM', () => wasmBackend());
