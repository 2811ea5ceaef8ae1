/** Tests commands on a hub model. It is downloaded once and gives the same numbers as from disk. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { defined } from '../src/checked.ts';
import { encodeLink } from '../src/experiment/link.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { cli } from '../test/cli.ts';
import { startMirror, type Mirror } from '../test/hub-mirror.ts';

const folder = resolve(import.meta.dirname, '../public/models/atlas-3m');
const cache = mkdtempSync(join(tmpdir(), 'rank-atlas-cache-'));
let mirror: Mirror;
beforeAll(async () => {
  mirror = await startMirror({ 'rank-atlas/atlas-3m': folder });
  vi.stubEnv('HF_ENDPOINT', `${mirror.url}/`);
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await mirror.close();
  rmSync(cache, { recursive: true });
});

test(
  'a run on a hub id gives the ranks of the same files on disk, and its result repeats without asking the hub',
  { timeout: 60_000 },
  async () => {
    const out = join(cache, 'result.json');
    const repeated = join(cache, 'repeated.json');
    const small = ['--ids', '[[17,300,45,9]]', '--set', 'method.repeats=1'];
    expect(
      (await cli('run', 'where', '--model', 'rank-atlas/atlas-3m', ...small, '--out', out)).code,
    ).toBe(0);
    const result = JSON.parse(readFileSync(out, 'utf8')) as RunResult;
    expect(result.spec.model.id).toMatch(/^hub:rank-atlas\/atlas-3m@[0-9a-f]{40}$/);
    mirror.log.length = 0;
    expect(
      (
        await cli(
          'run',
          'where',
          '--set',
          `model.id=${result.spec.model.id}`,
          ...small,
          '--out',
          repeated,
        )
      ).code,
    ).toBe(0);
    expect(mirror.log).toEqual([]);
    const disk = join(cache, 'disk.json');
    await cli('run', 'where', '--model', folder, ...small, '--out', disk);
    const modules = (file: string) => (JSON.parse(readFileSync(file, 'utf8')) as RunResult).modules;
    expect(modules(repeated)).toEqual(modules(out));
    expect(modules(disk)).toEqual(modules(out));
  },
);

describe('what an experiment of someone else names', () => {
  const specOf = (id: string) => {
    const file = join(cache, 'spec.json');
    writeFileSync(
      file,
      JSON.stringify({
        model: { id },
        text: { kind: 'ids', ids: [[17, 300, 45, 9]] },
        sequences: 1,
        length: 4,
        method: { repeats: 1 },
      }),
    );
    return file;
  };

  test('is not downloaded without consent, but with --yes', { timeout: 60_000 }, async () => {
    mirror.log.length = 0;
    const { code, err } = await cli('run', specOf('hub:rank-atlas/atlas-3m@main'));
    expect([code, mirror.log]).toEqual([2, []]);
    expect(err).toContain(
      `needs rank-atlas/atlas-3m from ${new URL(mirror.url).host}; no request was sent. Add --yes`,
    );
    expect((await cli('run', specOf('hub:rank-atlas/atlas-3m@main'), '--yes')).code).toBe(0);
    expect(mirror.log.length).toBeGreaterThan(0);
  });

  test('is never downloaded from a local address, unless the user typed it', async () => {
    const address = `${mirror.url}/rank-atlas/none/resolve/main/model.onnx`;
    mirror.log.length = 0;
    vi.stubEnv('HF_ENDPOINT', 'https://hub.example');
    const { code, err } = await cli('run', specOf(`url:${address}`), '--yes');
    const link = await cli(
      'run',
      `https://x.example/${await encodeLink(parseSpec({ model: { id: `url:${address}` } }))}`,
      '--yes',
    );
    expect([code, mirror.log]).toEqual([2, []]);
    expect(err).toContain('which is on this machine or its network; no request was sent');
    expect(link).toMatchObject({ code: 2, err: expect.stringContaining('on this machine') });
    expect(
      (await cli('run', specOf('bundled:atlas-3m'), '--set', `model.id=url:${address}`)).err,
    ).toContain('does not provide');
    vi.stubEnv('HF_ENDPOINT', `${mirror.url}/`);
  });
});

test('a missing hub repository is a usage error', async () => {
  const { code, err } = await cli('inspect', 'rank-atlas/nothing');
  expect(code).toBe(2);
  expect(err).toMatch(/has no rank-atlas\/nothing \(401\)\. Check the id/);
});

test.each(['hf_first\nhf_second', 'hf_a b', 'hf_鍵'])(
  'a malformed token is reported as malformed, not as a connection error: %j',
  async (token) => {
    vi.stubEnv('HF_TOKEN', token);
    const { code, err } = await cli('inspect', 'rank-atlas/atlas-3m');
    vi.stubEnv('HF_TOKEN', '');
    expect([code, err]).toEqual([2, expect.stringContaining('HF_TOKEN is malformed')]);
  },
);

test('the line end of a token file is ignored, and the token is sent to the hub only', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_token\n');
  vi.stubEnv('XDG_CACHE_HOME', join(cache, 'other'));
  mirror.tokens.length = 0;
  const { code } = await cli('inspect', 'rank-atlas/atlas-3m');
  vi.stubEnv('HF_TOKEN', '');
  vi.stubEnv('XDG_CACHE_HOME', cache);
  expect([code, new Set(mirror.tokens)]).toEqual([0, new Set(['hub'])]);
});

test('a damaged cached listing is requested again', async () => {
  const modelCache = join(cache, 'rank-atlas');
  const listing = defined(readdirSync(modelCache).find((name) => name.startsWith('hub ')));
  const { commit } = JSON.parse(readFileSync(join(modelCache, listing), 'utf8')) as {
    commit: string;
  };
  writeFileSync(
    join(modelCache, listing),
    JSON.stringify({ repository: 'rank-atlas/atlas-3m', commit, files: [null], folders: true }),
  );
  expect(await cli('inspect', `rank-atlas/atlas-3m@${commit}`)).toMatchObject({ code: 0, err: '' });
});

test(
  'a download resumes correctly from the partial files of two killed processes',
  { timeout: 60_000 },
  async () => {
    const env = { ...process.env, XDG_CACHE_HOME: join(cache, 'killed') };
    const modelCache = join(cache, 'killed', 'rank-atlas');
    const address = `${mirror.store}/rank-atlas/atlas-3m/onnx/model_q4.onnx`;
    const large = () =>
      (existsSync(modelCache) ? readdirSync(modelCache) : []).filter(
        (name) => statSync(join(modelCache, name)).size > 100_000,
      );
    mirror.fault.hold = 1_000_000;
    mirror.log.length = 0;
    const children = [0, 1].map(() =>
      spawn(
        process.execPath,
        [resolve(import.meta.dirname, 'rank-atlas.mjs'), 'inspect', address],
        { env, stdio: 'ignore' },
      ),
    );
    // The second process may have copied the partial download of the first.
    await expect
      .poll(() => mirror.log.filter((line) => line.startsWith('GET onnx/')).length, {
        timeout: 50_000,
      })
      .toBe(2);
    await expect.poll(() => large().length).toBeGreaterThan(0);
    await Promise.all(
      children.map((child) => new Promise((ended) => child.on('close', ended).kill('SIGKILL'))),
    );
    mirror.fault.hold = 0;
    mirror.log.length = 0;
    vi.stubEnv('XDG_CACHE_HOME', join(cache, 'killed'));
    const { code } = await cli('inspect', address);
    vi.stubEnv('XDG_CACHE_HOME', cache);
    expect(code).toBe(0);
    expect(mirror.log).toContainEqual(
      expect.stringMatching(/^GET onnx\/model_q4\.onnx bytes=[1-9]/),
    );
    expect(
      large().map((name) =>
        readFileSync(join(modelCache, name)).equals(
          readFileSync(join(folder, 'onnx/model_q4.onnx')),
        ),
      ),
    ).toEqual([true]);
  },
);
