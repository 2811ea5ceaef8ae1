/**
 * Selection of the adapter's files: the pair in the top-most folder, never the config of one
 * adapter with the weights of another.
 */
import { expect, test } from 'vitest';
import { AtlasError } from '../errors.ts';
import { adapterPair, filesIn, SeveralAdapters } from './peft-files.ts';

const C = 'adapter_config.json';
const W = 'adapter_model.safetensors';
const BIN = 'adapter_model.bin';
const pair = (...paths: string[]) =>
  adapterPair(
    paths.map((path) => ({ path })),
    'out.zip',
    (folder) => `out.zip/${folder}`,
  );

test.for<[string, string[], string]>([
  ['loose files', [W, C, 'README.md'], ''],
  ['one folder', [`out/${C}`, `out/${W}`, 'out/config.json'], 'out/'],
  [
    'the finished adapter above its checkpoints',
    [`out/${C}`, `out/${W}`, `out/checkpoint-1/${C}`, `out/checkpoint-1/${W}`],
    'out/',
  ],
  ['the same, listed last', [`o/c-1/${W}`, `o/c-1/${C}`, `o/${W}`, `o/${C}`], 'o/'],
  ['halves below it', [C, W, `a/${C}`, `b/${W}`], ''],
  ['a pickle beside the pair', [C, W, BIN], ''],
  ['longer names do not count', [`deep/${C}`, `deep/${W}`, `x${C}`, `${W}.bak`], 'deep/'],
])("finds the adapter's two files: %s", ([, paths, folder]) => {
  expect(pair(...paths)).toEqual({ config: { path: folder + C }, weights: { path: folder + W } });
});

test.for<[string, string[], string, string[]]>([
  [
    'two equally high',
    [`a/${W}`, `b/${C}`, `b/${W}`, `a/${C}`],
    'several-adapters',
    ['out.zip/a', 'out.zip/b'],
  ],
  [
    'checkpoints alone',
    [`o/c-1/${C}`, `o/c-1/${W}`, `o/c-2/${C}`, `o/c-2/${W}`],
    'several-adapters',
    ['out.zip/o/c-1', 'out.zip/o/c-2'],
  ],
  ['config at the top, weights deeper', [C, `deep/${W}`], 'adapter-apart', [C, W]],
  [
    'weights at the top, a whole checkpoint deeper',
    [W, `c-1/${C}`, `c-1/${W}`],
    'adapter-apart',
    ['out.zip/c-1'],
  ],
  ['a half beside a whole', [`a/${C}`, `a/${W}`, `b/${C}`], 'adapter-apart', ['out.zip/a']],
  [
    'the finished adapter is a pickle',
    [C, BIN, `c-1/${C}`, `c-1/${W}`],
    'adapter-pickled',
    ['adapter_model.bin'],
  ],
  ['a pickle alone', [`o/${C}`, `o/${BIN}`], 'adapter-pickled', ['out.zip/o']],
  ['no weights anywhere', [`o/${C}`], 'no-file', [W]],
  ['no config anywhere', [W], 'no-file', [C]],
  ['nothing', ['readme.txt'], 'no-file', [C]],
])('refuses files without exactly one adapter: %s', ([, paths, code, parts]) => {
  let error: unknown;
  try {
    pair(...paths);
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(AtlasError);
  expect((error as AtlasError).code).toBe(code);
  for (const part of parts) expect((error as AtlasError).message).toContain(part);
});

test('a long list of adapters is shortened in the message', () => {
  const many = Array.from({ length: 30 }, (_, i) => [`c-${i}/${C}`, `c-${i}/${W}`]).flat();
  expect(() => pair(...many)).toThrow(/c-5, …\. Choose one of them\.$/);
});

test('each of several adapters at one depth can be chosen by its folder', () => {
  const files = ['o/c-10', 'o/c-2', 'o/c-2/deep', 'o/c-2b'].flatMap((folder) =>
    [W, C].map((name) => ({ path: `${folder}/${name}`, from: folder })),
  );
  let error: unknown;
  try {
    adapterPair(files, 'out.zip');
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(SeveralAdapters);
  const { folders } = error as SeveralAdapters;
  expect(folders).toEqual(['o/c-2', 'o/c-2b', 'o/c-10']);
  for (const from of folders) {
    expect(adapterPair(filesIn(files, from), 'out.zip')).toEqual({
      config: { path: C, from },
      weights: { path: W, from },
    });
  }
  expect(filesIn(files, '')).toBe(files);
});

test('untrusted file names stay on one line of the message', () => {
  const [hostile, long] = ['a\n\u202eb', 'x'.repeat(5000)];
  const find = () => pair(`${hostile}/${C}`, `${hostile}/${W}`, `${long}/${C}`, `${long}/${W}`);
  expect(find).toThrow(/out\.zip\/a��b/);
  expect(find).toThrow(/^.{100,250}$/u);
});
