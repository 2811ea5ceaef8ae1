/** NF4 models on WebGPU: a software adapter takes a minute to compile the backward pieces. */
import { describe } from 'vitest';
import { nf4Suite } from '../../../test/nf4-suite.ts';
import { webgpuBackend } from '../backends/test-backends.ts';

const backend = await webgpuBackend();

if (backend) nf4Suite('WebGPU', async () => backend);
else describe.skip('a tiny decoder in NF4 on WebGPU (no adapter here)');
