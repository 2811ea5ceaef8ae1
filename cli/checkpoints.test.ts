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
import { keeperOf } from './checkpoints.ts';

const root = mkdtempSync(join(tmpdir(), 'rank-atlas-checkpoints-'));
let cache: string;
let said: string[];
beforeEach(() => {
  cache = mkdtempSync(join(root, 'each-'));
  said = [];
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.spyOn(console, 'error').mockImplementation((words: string) => {
    said.push(words);
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
  const keeper = await keeperOf('study', parts);
  keeper.offer(async () => checkpoint);
  await keeper.save();
  return keeper;
};
const checkpoint = {
  step: 3,
  names: ['a', 'é'],
  values: [{ loraA: Float32Array.of(1, -0, 1e-42, NaN), masks: Uint8Array.of(1, 2, 255) }],
  counts: Uint32Array.of(7),
  nothing: null,
  none: undefined,
};

it('come back to the bit, in buffers of their own, to the same command only; none is left once it is through', async () => {
  const keeper = await saved(['x', 1], checkpoint);
  const again = await keeperOf<typeof checkpoint>('study', ['x', 1]);
  expect(again.from).toEqual(checkpoint);
  expect(Object.is(elementAt(defined(again.from).values, 0).loraA[1], -0)).toBe(true);
  expect(elementAt(defined(again.from).values, 0).loraA.buffer.byteLength).toBe(16);
  again.taken();
  expect(said).toEqual([
    `rank-atlas: resuming from a checkpoint. To start again from the beginning, remove ${elementAt(files(), 0)}.`,
  ]);
  for (const [kind, parts] of [
    ['study', ['x', 2]],
    ['other', ['x', 1]],
  ] as const)
    expect((await keeperOf(kind, parts)).from).toBeUndefined();
  await keeper.forget();
  expect([files(), (await keeperOf('study', ['x', 1])).from]).toEqual([[], undefined]);
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
])(
  'that are %s are not used, which is said, and the next one takes their place',
  async (_, change) => {
    await saved('x', checkpoint);
    const [path] = files();
    writeFileSync(defined(path), change(readFileSync(defined(path))));
    expect((await keeperOf('study', 'x')).from).toBeUndefined();
    expect(said).toEqual([
      `rank-atlas: the checkpoint ${path} is not used (it is damaged). The command starts from the beginning.`,
    ]);
    await saved('x', { step: 4 });
    expect((await keeperOf('study', 'x')).from).toEqual({ step: 4 });
  },
);

it("of another command are not used under this one's name", async () => {
  await saved('x', checkpoint);
  const [other] = files();
  await saved('y', checkpoint);
  const own = defined(files().find((path) => path !== other));
  copyFileSync(defined(other), own);
  expect((await keeperOf('study', 'y')).from).toBeUndefined();
  expect(said).toEqual([
    `rank-atlas: the checkpoint ${own} is not used (it belongs to another command). The command starts from the beginning.`,
  ]);
});

it('that nobody went on with make room, the oldest first', async () => {
  await saved('x', checkpoint);
  const [oldest] = files();
  utimesSync(defined(oldest), 1, 1);
  for (let i = 0; i < 15; i++) writeFileSync(join(folder(), `later-${i}`), '');
  await saved('y', checkpoint);
  expect([files().length, files().includes(defined(oldest))]).toEqual([16, false]);
});

it('that cannot be kept are said once, and end nothing', async () => {
  mkdirSync(join(cache, 'rank-atlas'));
  writeFileSync(folder(), 'a file in its place');
  const keeper = await saved('x', checkpoint);
  keeper.offer(async () => ({ step: 4 }));
  await keeper.save();
  expect(said).toEqual([
    expect.stringMatching(
      /^rank-atlas: cannot save a checkpoint \(.+\)\. If this command is stopped, it cannot resume\.$/,
    ),
  ]);
  expect(keeper.onDisk).toBe(false);
});
