/** Tests that output files are complete or unchanged, whatever interrupts writing. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportPeft } from '../src/adapters/peft.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { cli } from '../test/cli.ts';
import { writeAdapter } from './adapter-files.ts';
import { modelFor } from './import.ts';
import { writeModelFolder } from './model-folder.ts';
import { checkWritable, writeBytes, writeTogether } from './output.ts';

const root = mkdtempSync(join(tmpdir(), 'rank-atlas-output-'));
const program = resolve(import.meta.dirname, 'rank-atlas.mjs');
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
const read = (...path: string[]) => readFileSync(at(...path), 'utf8');
beforeEach(() => {
  folder = mkdtempSync(join(root, 'each-'));
  writeFileSync(at('old'), 'what was there');
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Writes `old` in a separate process: 64 kB, then runs `between`, then 64 kB more. */
function writingIn(shell: string, between: string) {
  const source = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = at('write.mjs');
  writeFileSync(
    script,
    `
    (await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})).register();
    const { writeBytes } = await import(${source('./output.ts')}), { stoppable } = await import(${source('./stopping.ts')});
    function* content() { yield Buffer.alloc(65536, 'new'); ${between}; yield Buffer.alloc(65536, 'new'); }
    process.exitCode = await stoppable(['run', "it's"], async () => { await writeBytes(${JSON.stringify(at('old'))}, content()); return 0; }).catch((error) => { console.error(error.message); return 2; });
  `,
  );
  const { status, signal, stderr } = spawnSync(
    'sh',
    ['-c', `${shell} exec "${process.execPath}" "${script}"`],
    { encoding: 'utf8' },
  );
  rmSync(script);
  return { status, signal, stderr };
}

describe('a file', () => {
  it('is replaced atomically, with the same permissions, and the replacement is reported', async () => {
    chmodSync(at('old'), 0o640);
    const before = statSync(at('old')).ino;
    await writeBytes(at('old'), [Buffer.from('new '), Buffer.from('words')]);
    expect([read('old'), statSync(at('old')).mode & 0o777, readdirSync(folder)]).toEqual([
      'new words',
      0o640,
      ['old'],
    ]);
    expect(statSync(at('old')).ino).not.toBe(before);
    expect(console.error).toHaveBeenCalledExactlyOnceWith(`rank-atlas: replaced ${at('old')}.`);
    await writeBytes(at('new'), 'x');
    await writeBytes(at('new'), "what this command wrote itself is nobody's loss");
    expect(console.error).toHaveBeenCalledTimes(1);
  });

  it(
    'is unchanged when the disk is full before the new one is complete',
    { timeout: 60_000 },
    () => {
      const { status, stderr } = writingIn('ulimit -f 100;', '');
      expect(stderr).toContain('cannot be written');
      expect([status, read('old'), readdirSync(folder)]).toEqual([2, 'what was there', ['old']]);
    },
  );

  it('is unchanged when the process is killed during the write', { timeout: 60_000 }, () => {
    const { signal } = writingIn('', 'process.kill(process.pid, "SIGKILL")');
    expect([signal, read('old')]).toEqual(['SIGKILL', 'what was there']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])(
    'is unchanged at %s during the write, and no other file remains',
    { timeout: 60_000 },
    (signal, code) => {
      const { status, stderr } = writingIn('', `process.kill(process.pid, "${signal}")`);
      expect([status, read('old'), readdirSync(folder)]).toEqual([code, 'what was there', ['old']]);
      expect(stderr).toBe('rank-atlas: stopped. The same command starts from the beginning.\n');
    },
  );

  it('is written through symbolic links, also to a target that does not exist yet', async () => {
    mkdirSync(at('other'));
    symlinkSync('old', at('link'));
    symlinkSync(join('other', 'made'), at('dangling'));
    await writeBytes(at('link'), 'through a link');
    await writeBytes(at('dangling'), 'through another');
    expect([read('old'), read('other', 'made')]).toEqual(['through a link', 'through another']);
    for (const link of ['link', 'dangling'])
      expect(lstatSync(at(link)).isSymbolicLink()).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'that is a pipe or a device is written into, not replaced',
    async () => {
      execFileSync('mkfifo', [at('pipe')]);
      const reader = spawn('cat', [at('pipe')]);
      let out = '';
      reader.stdout.on('data', (data: Buffer) => {
        out += String(data);
      });
      await writeBytes(at('pipe'), 'into a pipe');
      await new Promise((done) => reader.on('close', done));
      expect([out, statSync(at('pipe')).isFIFO()]).toEqual(['into a pipe', true]);
      await writeBytes('/dev/null', 'nowhere');
      expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
      expect(console.error).not.toHaveBeenCalled();
    },
  );

  it.each<[string, () => string]>([
    ['a folder', () => folder],
    ['no name', () => ''],
    ['a folder that is not there', () => at('none') + '/'],
    ['below a folder that is not there', () => at('none', 'x')],
    ['below a file', () => at('old', 'x')],
    ['where no file can be made', () => '/proc/x'],
    ['a long name', () => at('x'.repeat(300))],
    [
      'a link into nothing',
      () => {
        symlinkSync(at('none', 'x'), at('link'));
        return at('link');
      },
    ],
  ])('%s is refused before the computation, and no file remains', async (_, path) => {
    const to = path();
    const before = readdirSync(folder);
    await expect(checkWritable(to, 'file')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('cannot be written') as string,
    });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('that can be written is left unchanged by the check', async () => {
    await checkWritable(at('old'), 'file');
    await checkWritable(at('new'), 'file');
    await checkWritable(at('a', 'b'), 'folder');
    await checkWritable('/dev/null', 'file');
    expect([read('old'), readdirSync(folder)]).toEqual(['what was there', ['old']]);
  });
});

describe('files that belong together', () => {
  /**
   * Writes a model in `model` with content `age`. `atLast` runs while the last file is produced.
   */
  const model = (age: string, atLast = () => undefined as unknown) => {
    function* files() {
      for (const name of ['onnx/model.onnx', 'onnx/model.onnx_data', 'weights.safetensors']) {
        if (name === 'weights.safetensors') atLast();
        yield { name, bytes: age.length, chunks: [Buffer.from(age)] };
      }
    }
    return writeModelFolder(at('model'), files(), { companionFiles: [] });
  };
  const names = ['onnx/model.onnx', 'onnx/model.onnx_data', 'weights.safetensors'];
  const ages = () =>
    names.map((name) => {
      try {
        return read('model', name);
      } catch {
        return null;
      }
    });

  it('are all replaced, or all stay', async () => {
    await model('old');
    await model('new');
    expect(ages()).toEqual(['new', 'new', 'new']);
    await expect(
      model('newer', () => {
        throw new Error('the weights could not be made');
      }),
    ).rejects.toThrow('could not be made');
    expect([ages(), readdirSync(at('model', 'onnx'))]).toEqual([
      ['new', 'new', 'new'],
      ['model.onnx', 'model.onnx_data'],
    ]);
  });

  it('leave no mismatched graph and weights if the replacement itself fails', async () => {
    await model('old');
    // The files in `onnx/` can be renamed; the last file cannot.
    await expect(
      writeTogether(
        (function* () {
          yield { path: at('model', 'onnx', 'model.onnx'), content: 'new' };
          yield { path: at('model', 'onnx', 'model.onnx_data'), content: 'new' };
          yield {
            path: at('model', 'weights.safetensors'),
            content: (function* () {
              yield Buffer.from('new');
              rmSync(at('model', 'weights.safetensors'));
              mkdirSync(at('model', 'weights.safetensors', 'in the way'), { recursive: true });
            })(),
          };
        })(),
        { leads: (path) => path.endsWith('.onnx') },
      ),
    ).rejects.toMatchObject({ code: 'usage' });
    expect(ages()).toEqual([null, 'new', null]);
    expect(readdirSync(at('model', 'onnx'))).toEqual(['model.onnx_data']);
  });
});

describe('rank-atlas', { timeout: 120_000 }, () => {
  it('writes the whole file when stdout is closed or cannot be written', async () => {
    const {
      compiled: { modules },
    } = await modelFor({});
    const adapter = at('adapter');
    await writeAdapter(
      adapter,
      exportPeft({
        modules,
        adapters: initialAdapters(
          1,
          modules,
          modules.map(() => 1),
        ),
        scale: () => 1,
        baseModel: 'atlas',
        taskType: 'CAUSAL_LM',
      }),
    );
    const command = (to: string) =>
      spawnSync(
        'sh',
        [
          '-c',
          `("${process.execPath}" "${program}" import "${adapter}" --out "${at('old')}"; echo $? > "${at('code')}") ${to}`,
        ],
        { encoding: 'utf8' },
      ).stderr;
    expect(command('| true')).toBe(`rank-atlas: replaced ${at('old')}.\n`);
    expect([JSON.parse(read('old')), read('code')]).toEqual([
      expect.objectContaining({ baseModel: 'atlas' }),
      '0\n',
    ]);
    if (process.platform !== 'linux') return;
    writeFileSync(at('old'), 'what was there');
    expect(command('> /dev/full')).toContain('rank-atlas: the output cannot be printed (ENOSPC).');
    expect([JSON.parse(read('old')), read('code')]).toEqual([
      expect.objectContaining({ baseModel: 'atlas' }),
      '2\n',
    ]);
  });

  it('prints the findings even if the file cannot be written', { timeout: 60_000 }, async () => {
    if (process.platform !== 'linux') return;
    vi.restoreAllMocks();
    const once = ['--set', 'method.repeats=1', '--threads', '1'];
    const ids = ['--ids', '[[17,300,45,9]]'];
    const { code, out, err } = await cli('run', 'where', ...ids, ...once, '--out', '/dev/full');
    expect(code).toBe(2);
    expect(out).toContain('model.layers.7.mlp.down_proj');
    expect(err).toContain('/dev/full');
  });

  it('refuses an unwritable path before it opens a model', async () => {
    vi.restoreAllMocks();
    for (const [command, option, to] of [
      ['run', '--out', at('none', 'x.json')],
      ['train', '--checkpoint', dirname(folder)],
      ['import', '--out', folder],
      ['check', '--dump', '/proc/x'],
    ] as const) {
      const argument = {
        run: 'where',
        train: 'lora',
        import: at('no-adapter'),
        check: at('no-model'),
      }[command];
      expect(
        await cli(
          command,
          argument,
          ...(command === 'check' ? [] : ['--model', at('no-model')]),
          option,
          to,
        ),
      ).toMatchObject({
        code: 2,
        err: expect.stringContaining(`${to} cannot be written`) as string,
      });
    }
  });
});
