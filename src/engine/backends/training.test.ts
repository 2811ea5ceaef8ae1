/** Training on the CPU provider. WebGPU: `webgpu.test.ts`. */
import { afterAll, describe } from 'vitest';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { cpuBackend } from './test-backends.ts';
import { lossSuite } from '../head/test-loss-suite.ts';
import { trainingSuite } from './test-training-suite.ts';

const backend = await cpuBackend();

describe('training on WASM', () => {
  afterAll(() => backend.dispose());
  lossSuite(backend);
  trainingSuite(backend, hasShared ? sharedPath('reference/smollm2') : null);
});
