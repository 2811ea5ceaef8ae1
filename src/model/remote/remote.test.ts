/**
 * Remote models from a local hub server: its paths, listings, ranges and redirects, and failures of
 * the transfer.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { diskStore } from '../../../cli/disk-store.ts';
import { NO_FAULT, startMirror, type Mirror } from '../../../test/hub-mirror.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import type { AtlasError } from '../../errors.ts';
import { type ErrorCode } from '../../errors.ts';
import { readFile } from '../files.ts';
import { nodeFiles } from '../node-files.ts';
import { openModel } from '../repository.ts';
import type { FileStore } from './file-store.ts';
import {
  forgetRepository,
  hubListing,
  cachedRepositories,
  variantsOf,
  type HubAccess,
} from './hub.ts';
import {
  HUB,
  isModel,
  parseReference,
  referenceId,
  referenceOf,
  type HubReference,
} from './reference.ts';
import { remoteFiles } from './remote-files.ts';

const folder = resolve(import.meta.dirname, '../../../public/models/atlas-3m');
const atlas: HubReference = { kind: 'hub', repository: 'rank-atlas/atlas-3m', revision: 'main' };
const graph = 'onnx/model_q4.onnx';

let mirror: Mirror;
let cache: string;
let store: FileStore;
let hash: string;
let bytes: number;
const access = (change: Partial<HubAccess> = {}): HubAccess => ({
  hub: mirror.url,
  store,
  patience: 0.01,
  ...change,
});
const code = (expected: ErrorCode) => expect.objectContaining({ code: expected }) as AtlasError;
const open = async (change: Partial<HubAccess> = {}, reference: HubReference = atlas) =>
  openModel(await remoteFiles(reference, access(change)));
const graphRequests = () => mirror.log.filter((line) => line.includes(graph));

beforeAll(async () => {
  mirror = await startMirror({ 'rank-atlas/atlas-3m': folder }, ['rank-atlas/gated']);
  ({ hash, bytes } = await openModel(await nodeFiles(folder)));
});
afterAll(() => mirror.close());
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
  store = defined(await diskStore(cache));
  mirror.log.length = 0;
  mirror.tokens.length = 0;
  Object.assign(mirror.fault, NO_FAULT);
  return () => rmSync(cache, { recursive: true });
});

describe('a reference', () => {
  test.each([
    ['a/b', 'hub:a/b@main'],
    ['hub:a/b@v1.0', 'hub:a/b@v1.0'],
    ['a/b:onnx/model_q4f16.onnx', 'hub:a/b@main:onnx/model_q4f16.onnx'],
    ['https://huggingface.co/a/b', 'hub:a/b@main'],
    ['https://huggingface.co/a/b/tree/main/onnx', 'hub:a/b@main'],
    ['https://huggingface.co/a/b/blob/main/onnx/model_q4.onnx', 'hub:a/b@main:onnx/model_q4.onnx'],
    ['https://example.org/m/onnx/model.onnx?v=2', 'url:https://example.org/m/onnx/model.onnx?v=2'],
  ])('%s is read as %s', (text, id) => {
    const reference = defined(parseReference(text, HUB));
    expect(referenceId(reference)).toBe(id);
    expect(referenceOf(id, HUB)).toEqual(reference);
  });

  test.each([
    '',
    'model',
    'a/b/c',
    '../b',
    'a/b@../../c',
    'a/b:../x.onnx',
    'https://example.org/',
    'https://user:secret@example.org/model.onnx',
    'ftp://example.org/model.onnx',
    'javascript:alert(1)//x.onnx',
    `a/${'b'.repeat(200)}`,
  ])('is refused: %s', (text) => {
    expect(parseReference(text, HUB)).toBeNull();
  });

  test('names one model by a commit, and any by a branch', () => {
    const opened = `hub:a/b@${'0'.repeat(40)}:onnx/model_q4.onnx`;
    expect(isModel(opened, opened)).toBe(true);
    expect(isModel('hub:a/b', opened)).toBe(true);
    expect(isModel('hub:a/b@main:onnx/model_q4.onnx', opened)).toBe(true);
    expect(isModel('hub:a/b@main:onnx/model.onnx', opened)).toBe(false);
    expect(isModel(`hub:a/b@${'1'.repeat(40)}`, opened)).toBe(false);
    expect(isModel('hub:a/bc', opened)).toBe(false);
    expect(isModel('bundled:atlas-3m', opened)).toBe(false);
  });

  test('is refused if it is a damaged id of an experiment', () => {
    expect(() => referenceOf('hub:nothing', HUB)).toThrow(code('bad-spec'));
    expect(referenceOf('bundled:atlas-3m', HUB)).toBeNull();
  });
});

describe('a repository of a hub', () => {
  test('opens as a model named by its commit', async () => {
    const model = await open();
    expect(model.hash).toBe(hash);
    expect(model.title).toBe('atlas-3m');
    expect(model.id).toMatch(/^hub:rank-atlas\/atlas-3m@[0-9a-f]{40}$/);
    expect((await model.tokenizer()).token(300)).toBe(
      (await (await openModel(await nodeFiles(folder))).tokenizer()).token(300),
    );
    expect(model.companionFiles.map((f) => f.path)).toContain('tokenizer.json');
  });

  test('is fetched once: by its commit it opens without a request', async () => {
    const { id } = await open();
    mirror.log.length = 0;
    const again = await open({}, referenceOf(id, mirror.url) as HubReference);
    expect(again.hash).toBe(hash);
    expect(mirror.log).toEqual([]);
    expect(readdirSync(cache).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('opens without a connection from the cache', async () => {
    const gone = await startMirror({ 'rank-atlas/atlas-3m': folder });
    await open({ hub: gone.url });
    await gone.close();
    expect((await open({ hub: gone.url })).hash).toBe(hash);
    await expect(open({ hub: gone.url, store: null })).rejects.toThrow(code('offline'));
  });

  test('lists its graphs with their sizes, and reports which are cached', async () => {
    const listing = await hubListing(atlas, access());
    const size = defined(listing.files.find((f) => f.path === graph)).bytes;
    expect(await variantsOf(listing.files, store)).toEqual([{ graph, bytes: size, cached: false }]);
    await open();
    expect(await variantsOf(listing.files, store)).toEqual([{ graph, bytes: size, cached: true }]);
  });

  test('can be removed from the cache', async () => {
    await open();
    expect(await cachedRepositories(store, mirror.url)).toMatchObject([
      { repository: 'rank-atlas/atlas-3m' },
    ]);
    expect(elementAt(await cachedRepositories(store, mirror.url), 0).bytes).toBeGreaterThanOrEqual(
      bytes,
    );
    expect(await cachedRepositories(store, 'https://other.example')).toEqual([]);
    await forgetRepository(store, mirror.url, 'rank-atlas/atlas-3m');
    expect(await cachedRepositories(store, mirror.url)).toEqual([]);
    expect(readdirSync(cache).filter((name) => !name.startsWith('hub '))).toEqual([]);
  });

  test.each([
    [{ repository: 'rank-atlas/nothing' }, 'hub-missing'],
    [{ revision: 'v9' }, 'hub-missing'],
    [{ repository: 'rank-atlas/gated' }, 'hub-closed'],
    [{ graph: 'onnx/model_q8.onnx' }, 'part-missing'],
  ] as const)('is refused with a sentence without %j', async (change, expected) => {
    await expect(open({}, { ...atlas, ...change })).rejects.toThrow(code(expected));
  });
});

describe('a download', () => {
  test('resumes where it was interrupted', async () => {
    Object.assign(mirror.fault, { breaks: 3, after: 400_000 });
    expect((await open()).hash).toBe(hash);
    const asked = graphRequests();
    expect(asked).toHaveLength(4);
    expect(asked[1]).toMatch(/ bytes=\d+-$/);
  });

  test('that is cancelled resumes from its cached part', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    mirror.fault.hold = 200_000;
    await expect(
      openModel(await remoteFiles(atlas, access({ signal })), {
        onProgress: () => controller.abort(),
      }),
    ).rejects.toThrow(code('cancelled'));
    const part = defined(readdirSync(cache).find((name) => name.endsWith('.part')));
    const size = readFileSync(join(cache, part)).length;
    expect(size).toBeGreaterThan(0);
    mirror.fault.hold = 0;
    mirror.log.length = 0;
    expect((await open()).hash).toBe(hash);
    expect(graphRequests()).toEqual([`GET ${graph} bytes=${size}-`]);
  });

  test('without progress ends after several attempts', async () => {
    Object.assign(mirror.fault, { breaks: 99, after: 0 });
    await expect(open()).rejects.toThrow(code('connection'));
    expect(mirror.log.length).toBeLessThan(10);
  });

  test('from a server without ranges skips the cached part', async () => {
    Object.assign(mirror.fault, { breaks: 1, after: 400_000, noRanges: true });
    expect((await open()).hash).toBe(hash);
  });

  test('with another digest than listed is refused and removed', async () => {
    const listing = await hubListing(atlas, access());
    mirror.fault.corrupt = true;
    const { files } = await remoteFiles({ ...atlas, revision: listing.commit }, access());
    const large = defined(files.find((f) => f.path === graph));
    await expect(readFile(large)).rejects.toThrow(code('bad-download'));
    mirror.fault.corrupt = false;
    expect((await open()).hash).toBe(hash);
  });

  test('that was damaged in the cache is fetched again', async () => {
    const listing = await hubListing(atlas, access());
    const file = defined(listing.files.find((f) => f.path === graph));
    writeFileSync(join(cache, `${file.name}.part`), new Uint8Array(file.bytes).fill(7));
    await expect(open()).rejects.toThrow(code('bad-download'));
    expect((await open()).hash).toBe(hash);
  });

  test('without space to cache it stays in memory, with a warning', async () => {
    const warnings: AtlasError[] = [];
    const full: FileStore = {
      ...store,
      append: async (name) => ({
        ...(await store.append(name)),
        write: () => {
          throw new DOMException('full', 'QuotaExceededError');
        },
      }),
    };
    expect((await open({ store: full, onWarning: (w) => warnings.push(w) })).hash).toBe(hash);
    expect(warnings.map((w) => w.code)).toContain('no-room-model');
    expect(readdirSync(cache).filter((name) => !name.startsWith('hub '))).toEqual([]);
  });
});

describe('a model at an address', () => {
  const at = (path: string) =>
    ({ kind: 'url', url: `${mirror.url}/rank-atlas/atlas-3m/resolve/main/${path}` }) as const;

  test('is found with its companion files', async () => {
    const model = await openModel(await remoteFiles(at(graph), access()));
    expect(model.hash).toBe(hash);
    expect(model.config).not.toBeNull();
    await model.tokenizer();
    mirror.log.length = 0;
    expect((await openModel(await remoteFiles(at(graph), access()))).hash).toBe(hash);
    expect(graphRequests()).toEqual([`HEAD ${graph} bytes=0-`]);
  });

  test('is refused with a sentence if it does not exist', async () => {
    await expect(remoteFiles(at('onnx/none.onnx'), access())).rejects.toThrow(code('remote-file'));
    await expect(
      remoteFiles({ kind: 'url', url: 'http://localhost:9/model.onnx' }, access()),
    ).rejects.toThrow(code('offline'));
  });
});

describe('a mirrored repository', () => {
  test.for<[string, string | undefined, string]>([
    ['llama', 'fp16', 'onnx/model_fp16.onnx'],
    ['qwen2', 'fp32', 'onnx/model.onnx'],
    ['llama-genai-int4-cpu', undefined, 'model.onnx'],
  ])('%s %s opens as from disk, including external weights', async ([name, dtype, path]) => {
    const where = fixturePath('exports', name);
    const other = await startMirror({ [`tiny/${name}`]: where });
    try {
      const options = dtype === undefined ? {} : { dtype };
      const disk = await openModel(await nodeFiles(where), options);
      const reference: HubReference = { kind: 'hub', repository: `tiny/${name}`, revision: 'main' };
      const from = access({ hub: other.url });
      const hub = await openModel(await remoteFiles(reference, from), options);
      const url = await openModel(
        await remoteFiles({ kind: 'url', url: `${other.store}/tiny/${name}/${path}` }, from),
      );
      expect([hub.hash, url.hash]).toEqual([disk.hash, disk.hash]);
      expect([hub.external.size, url.external.size]).toEqual([
        disk.external.size,
        disk.external.size,
      ]);
      const offered = (await variantsOf((await hubListing(reference, from)).files, store)).find(
        (v) => v.graph === path,
      );
      expect(offered).toEqual({ graph: path, bytes: disk.bytes, cached: true });
    } finally {
      await other.close();
    }
  });
});
