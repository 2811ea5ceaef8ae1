/**
 * Tests hostile environments, options and files. Each must end in one sentence and the right exit
 * code, never in a stack trace.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { cli } from '../test/cli.ts';

const program = resolve(import.meta.dirname, 'rank-atlas.mjs');
const model = resolve(import.meta.dirname, '../public/models/atlas-3m');
const root = mkdtempSync(join(tmpdir(), 'rank-atlas-hostile-'));
const at = (...path: string[]) => join(root, ...path);
afterAll(() => rmSync(root, { recursive: true }));

mkdirSync(at('folder'));
writeFileSync(at('file'), 'words');
writeFileSync(
  at('binary'),
  Uint8Array.from({ length: 3000 }, (_, i) => (i * 89) & 255),
);
writeFileSync(at('deep.json'), '['.repeat(200_000));
writeFileSync(
  at('pointer.json'),
  'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
);
symlinkSync('loop', at('loop'));
writeFileSync(at('secret'), 'words of one who does not share');
chmodSync(at('secret'), 0);
/** Root can read every file. */
const isRoot = process.getuid?.() === 0;

const oneSentence = /^rank-atlas: [^\n]+[.)]\n$/;
const long = 'x'.repeat(5000);

describe('rank-atlas', { timeout: 120_000 }, () => {
  it.each<[string, string[], Record<string, string>]>([
    ['a hub without a scheme', ['inspect', 'a/b'], { HF_ENDPOINT: '127.0.0.1:9' }],
    ['a hub that is no address', ['run', 'where', '--model', 'a/b'], { HF_ENDPOINT: 'http://' }],
    [
      'a hub that is nonsense, for a spec',
      ['run', 'where', '--set', 'model.id=hub:a/b@main'],
      { HF_ENDPOINT: ':' },
    ],
    [
      'a token in two lines',
      ['inspect', 'a/b'],
      { HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: 'a\nb c' },
    ],
    [
      'a token in another script',
      ['inspect', 'a/b'],
      { HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: '鍵' },
    ],
    [
      'a cache that is a file',
      ['inspect', 'a/b'],
      { HF_ENDPOINT: 'http://127.0.0.1:9', XDG_CACHE_HOME: at('file') },
    ],
    [
      'a cache where none can be made',
      ['inspect', 'a/b'],
      { HF_ENDPOINT: 'http://127.0.0.1:9', XDG_CACHE_HOME: '/proc' },
    ],
    ['a BOS before token ids', ['run', 'where', '--ids', '[[1,2,3]]', '--bos', 'none'], {}],
    [
      'no home',
      ['inspect', 'a/b'],
      { HF_ENDPOINT: 'http://127.0.0.1:9', HOME: '', XDG_CACHE_HOME: '' },
    ],
    ['a model of another kind', ['inspect', at('binary')], {}],
    ['a model that is a device', ['inspect', '/dev/null'], {}],
    ['a model in a circle of links', ['inspect', at('loop')], {}],
    ['a model with a long name', ['inspect', long], {}],
    ['a text that is a folder', ['run', 'where', '--text', at('folder')], {}],
    ['a text in a circle of links', ['run', 'where', '--text', at('loop')], {}],
    ['a binary text', ['run', 'where', '--text', at('binary')], {}],
    ['a text without an end', ['run', 'where', '--text', '/dev/zero'], {}],
    ['a text below a file', ['eval', at('folder'), '--text', at('file', 'below')], {}],
    ['a binary spec', ['run', at('binary')], {}],
    ['a spec that is a folder', ['run', at('folder')], {}],
    ['a spec of many brackets', ['run', at('deep.json')], {}],
    ['a spec that Git LFS keeps', ['run', at('pointer.json')], {}],
    ['a spec with a long name', ['run', long], {}],
    ['a setting without a value', ['run', 'where', '--set', 'method.repeats'], {}],
    ['a setting of brackets', ['run', 'where', '--set', `agree.methods=${'['.repeat(50_000)}`], {}],
    ['a path without an end', ['run', 'where', '--set', `${'a.'.repeat(30_000)}a=1`], {}],
    ['a prototype', ['run', 'where', '--set', '__proto__.x=1'], {}],
    ['numbers that are none', ['run', 'where', '--set', 'training.learningRate=NaN'], {}],
    ['numbers without an end', ['run', 'where', '--set', 'training.learningRate=1e999'], {}],
    ['a seed without an end', ['generate', 'x', '--seed', 'Infinity'], {}],
    ['a temperature that is none', ['generate', 'x', '--temperature', 'NaN'], {}],
    ['ids that are brackets', ['check', model, '--ids', '['.repeat(50_000)], {}],
    [
      'a result in a folder that is not there',
      ['run', 'where', '--out', at('not', 'there.json')],
      {},
    ],
    ['a result in the place of a folder', ['run', 'where', '--out', at('folder')], {}],
    ['a result below a file', ['run', 'where', '--out', at('file', 'x.json')], {}],
    ['an adapter in the place of a file', ['train', 'lora', '--out', at('file')], {}],
    ['a checkpoint in the place of a folder', ['train', 'lora', '--checkpoint', at('folder')], {}],
    ['a checkpoint that is none', ['train', 'lora', '--resume', at('binary')], {}],
    ['an adapter that is text', ['eval', at('file')], {}],
    ['a zip that is none', ['import', at('folder', 'x.zip')], {}],
    ['a safetensors file that is a folder', ['check', at('folder.safetensors')], {}],
    ['no option at all', ['run', 'where', '--nothing'], {}],
  ])('%s: exit 2', async (_, args, env) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { code, out, err } = await cli(...args);
    vi.unstubAllEnvs();
    expect(err).not.toMatch(/^ +at /m);
    expect({ code, out }, err.slice(0, 500)).toEqual({ code: 2, out: '' });
    expect(err).toMatch(oneSentence);
    expect(err.length).toBeLessThan(900);
  });

  it.skipIf(isRoot)('a file that may not be read: exit 2', async () => {
    const { code, err } = await cli('run', 'where', '--text', at('secret'));
    expect([code, err]).toEqual([2, expect.stringContaining('permission denied')]);
  });

  it('no folder for temporary files: exit 2', () => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'inspect', 'nowhere'], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: at('file', 'below') },
    });
    expect([status, stderr]).toEqual([2, expect.stringMatching(oneSentence)]);
  });

  it('a folder that is gone: exit 2', () => {
    const gone = at('gone');
    mkdirSync(gone);
    const { status, stderr } = spawnSync(
      'sh',
      [
        '-c',
        `cd "${gone}" && rmdir "${gone}" && exec "${process.execPath}" "${program}" inspect x`,
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).not.toMatch(/^ +at /m);
    expect(status).toBe(2);
  });

  it.skipIf(process.platform !== 'linux')('output to a full disk: exit 2', () => {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" "${program}" --help > /dev/full`],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([2, expect.stringMatching(oneSentence)]);
  });

  it('a closed stdout pipe: exit 0, and the file is written', async () => {
    const out = at('read.json');
    const ended = (...args: string[]) =>
      new Promise<{ code: number | null; err: string }>((done) => {
        const child = spawn(process.execPath, [program, ...args], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let err = '';
        child.stderr.on('data', (data: Buffer) => {
          err += String(data);
        });
        child.stdout.destroy();
        child.on('close', (code) => done({ code, err }));
      });
    expect(await ended('inspect', model)).toEqual({ code: 0, err: '' });
    expect(
      await ended(
        'run',
        'where',
        '--ids',
        '[[1,2,3,4]]',
        '--set',
        'method.repeats=1',
        '--threads',
        '1',
        '--out',
        out,
      ),
    ).toEqual({ code: 0, err: '' });
    expect(spawnSync('sh', ['-c', `test -s "${out}"`]).status).toBe(0);
  });
});
