/** Pruning and masked adapters on WebGPU, if an adapter is present. */
import { describe } from 'vitest';
import { sparseSuite } from '../../../test/sparse-suite.ts';
import { webgpuBackend } from '../backends/test-backends.ts';

const backend = await webgpuBackend();
if (backend) sparseSuite('WebGPU', async () => backend);
else describe.skip('pruning on WebGPU (no adapter here)');
