/** Tests a provider that this machine does not have. */
import { expect, it } from 'vitest';
import { cli } from '../test/cli.ts';

it(
  'reports that there is no GPU adapter, instead of using the CPU when the GPU was requested',
  { timeout: 60_000 },
  async () => {
    // Disable all GPU drivers, whatever this machine has.
    process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = '/none';
    const { code, out, err } = await cli('run', 'where', '--provider', 'webgpu');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(
      'WebGPU found no usable GPU. Omit --provider webgpu to compute on the CPU',
    );
  },
);
