/** Tests a provider that this machine does not have. */
import { beforeAll, expect, it } from 'vitest';
import { bundledModel } from '../src/library/files.node.ts';
import { openModel } from '../src/library/index.ts';
import { cli } from '../test/cli.ts';

// Disable all GPU drivers, whatever this machine has.
beforeAll(() => {
  process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = '/none';
});

it(
  'reports that there is no GPU adapter, instead of using the CPU when the GPU was requested',
  { timeout: 60_000 },
  async () => {
    const { code, out, err } = await cli('run', 'where', '--provider', 'webgpu');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(
      'WebGPU found no usable GPU. Omit --provider webgpu to compute on the CPU',
    );
  },
);

it('tells a caller of the library what to change in the call', { timeout: 60_000 }, async () => {
  const opening = openModel(bundledModel(), { provider: 'webgpu' });
  await expect(opening).rejects.toThrow('Open the model with the provider "wasm"');
  await expect(opening).rejects.not.toThrow('--provider');
});
