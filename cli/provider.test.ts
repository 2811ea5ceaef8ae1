/** Tests a provider that this machine does not have. */
import { expect, it } from 'vitest';
import { cli } from '../test/cli.ts';

it(
  'says that there is no adapter, and what to do: it does not compute on the CPU when asked for the GPU',
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
