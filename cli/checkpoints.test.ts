/** Tests checkpoints on disk: restoring them, and rejecting damaged or foreign ones. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { openCheckpoint } from './checkpoints.ts';

const root = mkdtempSync(join(tmpdir(), 'rank-atlas-checkpoints-'));
let cache: string;
let errors: string[];
beforeEach(() => {
  cache = mkdtempSync(join(root, 'each-'));
  errors = [];
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.spyOn(console, 'error').mockImplementation((words: string) => {
    errors.push(words);
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => rmSync(root, { recursive: true }));

const folder = () => join(cache, 'rank-atlas', 'checkpoints');
const files = () => readdirSync(folder()).map((name) => join(folder(), name));
const saved = async (parts: unknown, checkpoint: unknown) => {
  const writer = await openCheckpoint('study', parts);
  writer.offer(async () => checkpoint);
  await writer.save();
  return writer;
};
const checkpoint = {
  step: 3,
  names: ['a', 'é'],
  values: [{ loraA: Float32Array.of(1, -0, 1e-42, NaN), masks: Uint8Array.of(1, 2, 255) }],
  counts: Uint32Array.of(7),
  nothing: null,
  none: undefined,
};

it('are restored bit by bit, in separate buffers, for the same command only, and are removed when it finishes', async () => {
  const writer = await saved(['x', 1], checkpoint);
  const again = await openCheckpoint<typeof checkpoint>('study', ['x', 1]);
  expect(again.from).toEqual(checkpoint);
  expect(Object.is(elementAt(defined(again.from).values, 0).loraA[1], -0)).toBe(true);
  expect(elementAt(defined(again.from).values, 0).loraA.buffer.byteLength).toBe(16);
  again.reportResume();
  expect(errors).toEqual([
    `rank-atlas: resuming from a checkpoint. To start again from the beginning, remove ${elementAt(files(), 0)}.`,
  ]);
  for (const [kind, parts] of [
    ['study', ['x', 2]],
    ['other', ['x', 1]],
  ] as const)
    expect((await openCheckpoint(kind, parts)).from).toBeUndefined();
  await writer.forget();
  expect([files(), (await openCheckpoint('study', ['x', 1])).from]).toEqual([[], undefined]);
});

it.each<[string, (bytes: Buffer) => Uint8Array]>([
  [
    'damaged',
    (bytes) => {
      bytes[bytes.length - 3]! ^= 1;
      return bytes;
    },
  ],
  ['cut', (bytes) => bytes.subarray(0, -1)],
  ['empty', () => Buffer.alloc(0)],
  ['something else', () => Buffer.from('words\nmore words')],
])('that are %s are reported and not used, and the next one replaces them', async (_, change) => {
  await saved('x', checkpoint);
  const [path] = files();
  writeFileSync(defined(path), change(readFileSync(defined(path))));
  expect((await openCheckpoint('study', 'x')).from).toBeUndefined();
  expect(errors).toEqual([
    `rank-atlas: the checkpoint ${path} is not used (it is damaged). The command starts from the beginning.`,
  ]);
  await saved('x', { step: 4 });
  expect((await openCheckpoint('study', 'x')).from).toEqual({ step: 4 });
});

it('of another command are not used, even under the right file name', async () => {
  await saved('x', checkpoint);
  const [other] = files();
  await saved('y', checkpoint);
  const own = defined(files().find((path) => path !== other));
  copyFileSync(defined(other), own);
  expect((await openCheckpoint('study', 'y')).from).toBeUndefined();
  expect(errors).toEqual([
    `rank-atlas: the checkpoint ${own} is not used (it belongs to another command). The command starts from the beginning.`,
  ]);
});

it('are limited in number; the oldest is removed first', async () => {
  await saved('x', checkpoint);
  const [oldest] = files();
  utimesSync(defined(oldest), 1, 1);
  for (let i = 0; i < 15; i++) writeFileSync(join(folder(), `later-${i}`), '');
  await saved('y', checkpoint);
  expect([files().length, files().includes(defined(oldest))]).toEqual([16, false]);
});

it('that cannot be saved cause one warning, and the command continues', async () => {
  mkdirSync(join(cache, 'rank-atlas'));
  writeFileSync(folder(), 'a file in its place');
  const writer = await saved('x', checkpoint);
  writer.offer(async () => ({ step: 4 }));
  await writer.save();
  expect(errors).toEqual([
    expect.stringMatching(
      /^rank-atlas: cannot save a checkpoint \(.+\)\. If this command is stopped, it cannot resume\.$/,
    ),
  ]);
  expect(writer.onDisk).toBe(false);
});
