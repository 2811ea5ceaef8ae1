/** Pruning and masked adapters on WebGPU, where there is an adapter. */
import { sparseSuite } from './test-sparse-suite.ts';
import { webgpuBackend } from './test-backends.ts';

const backend = await webgpuBackend();
if (backend) sparseSuite('WebGPU', async () => backend);
