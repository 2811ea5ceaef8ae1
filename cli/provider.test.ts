/** Tests providers that this machine does not have, and the native one if it is installed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { hasNative } from '../src/engine/backends/test-backends.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { bundledModel } from '../src/library/files.node.ts';
import { openModel } from '../src/library/index.ts';
import type { RunResult } from '../src/studies/map/result.ts';
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

describe.runIf(hasNative)('the native provider', { timeout: 120_000 }, () => {
  it('is the default, and computes the draws of WASM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
    const results = [];
    for (const provider of [[], ['--provider', 'wasm']]) {
      const out = join(folder, 'result.json');
      const args = ['--set', 'method.repeats=2', '--set', 'length=8', '--out', out];
      expect((await cli('run', 'where', ...args, ...provider)).code).toBe(0);
      results.push(parseResult(JSON.parse(readFileSync(out, 'utf8'))));
    }
    rmSync(folder, { recursive: true });
    const [native, wasm] = results.map(defined) as [RunResult, RunResult];
    expect([native.provider.kind, wasm.provider.kind]).toEqual(['native', 'wasm']);
    expect(native.modules.map((m) => m.rank)).toEqual(wasm.modules.map((m) => m.rank));
    wasm.modules.forEach(({ draws }, m) =>
      draws.forEach((draw, r) =>
        expect(Math.abs(elementAt(elementAt(native.modules, m).draws, r) / draw - 1)).toBeLessThan(
          1e-4,
        ),
      ),
    );
  });

  it.each([
    ['native:dml', /its build for \S+ \S+ has no provider "dml"\. It has .*cpu/],
    ['native:cuda', /its provider "cuda" does not start on this machine .* needs an NVIDIA GPU/],
  ])('%s: one sentence, and what still works', async (provider, message) => {
    const { code, out, err } = await cli('check', 'public/models/atlas-3m', '--provider', provider);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err).toContain('The provider "wasm" computes the same numbers.');
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
