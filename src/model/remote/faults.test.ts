/**
 * The cache is correct whatever fails: concurrent downloads, files that change, hubs that send
 * wrong content, damage on this machine.
 */
import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { diskStore } from '../../../cli/disk-store.ts';
import { NO_FAULT, startMirror, type Mirror } from '../../../test/hub-mirror.ts';
import { AtlasError, type ErrorCode } from '../../errors.ts';
import { findAndLoad } from '../../runtime/load.ts';
import { readFile, type ModelFile } from '../files.ts';
import { READ_LIMITS } from '../limits.ts';
import { openModel } from '../repository.ts';
import { newPart, type FileStore } from './file-store.ts';
import { hubListing, type HubAccess } from './hub.ts';
import type { HubReference, RemoteReference } from './reference.ts';
import { remoteFiles } from './remote-files.ts';

const folder = resolve(import.meta.dirname, '../../../public/models/atlas-3m');
const repository = 'rank-atlas/atlas-3m';
const atlas: HubReference = { kind: 'hub', repository, revision: 'main' };
const graph = 'onnx/model_q4.onnx';
const content = readFileSync(join(folder, graph));

let mirror: Mirror;
let cache: string;
let store: FileStore;
let address: RemoteReference;
const access = (change: Partial<HubAccess> = {}): HubAccess => ({
  hub: mirror.url,
  store,
  patience: 0.01,
  ...change,
});
const code = (expected: ErrorCode) => expect.objectContaining({ code: expected }) as AtlasError;
const fileOf = async (
  reference: RemoteReference,
  path = graph,
  change: Partial<HubAccess> = {},
): Promise<ModelFile> =>
  defined((await remoteFiles(reference, access(change))).files.find((f) => f.path === path));
const graphOf = async (reference: RemoteReference, change: Partial<HubAccess> = {}) =>
  Buffer.from(await readFile(await fileOf(reference, graph, change)));
/** Names of cached contents, and of parts. */
const cached = () => readdirSync(cache).filter((name) => !name.startsWith('hub '));
const parts = () => cached().filter((name) => name.endsWith('.part'));
/** Reads at least `bytes` bytes, then waits for the caller. */
async function begun(
  reference: RemoteReference,
  bytes: number,
): Promise<AsyncIterator<Uint8Array>> {
  const chunks = (await fileOf(reference)).chunks()[Symbol.asyncIterator]();
  for (let at = 0; at < bytes;) at += ((await chunks.next()).value as Uint8Array).length;
  return chunks;
}

beforeAll(async () => {
  mirror = await startMirror({ [repository]: folder });
  address = { kind: 'url', url: `${mirror.store}/${repository}/${graph}` };
});
afterAll(() => mirror.close());
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
  store = defined(await diskStore(cache));
  mirror.log.length = mirror.tokens.length = 0;
  Object.assign(mirror.fault, NO_FAULT);
  return () => rmSync(cache, { recursive: true });
});

describe('two downloads of one file', () => {
  test('are not mixed if both stop early, also without a known digest', async () => {
    const first = await begun(address, 200_000);
    const second = await begun(address, 600_000);
    for (const one of [first, second, first]) await one.next();
    for (const one of [first, second]) await one.return?.();
    expect((await graphOf(address)).equals(content)).toBe(true);
    // Again, now from the cache.
    mirror.log.length = 0;
    expect((await graphOf(address)).equals(content)).toBe(true);
    expect(mirror.log.filter((line) => line.startsWith(`GET ${graph}`))).toEqual([]);
    expect(parts()).toEqual([]);
  });

  test.each(['hub', 'address'])(
    'that both finish (%s) each get the file, and it is cached once',
    async (kind) => {
      const reference = kind === 'hub' ? atlas : address;
      const both = [await begun(reference, 200_000), await begun(reference, 300_000)];
      for (let left = both; left.length > 0;) {
        const ended = await Promise.all(left.map(async (one) => (await one.next()).done));
        left = left.filter((_, i) => !ended[i]);
      }
      mirror.log.length = 0;
      expect((await graphOf(reference)).equals(content)).toBe(true);
      expect(mirror.log.filter((line) => line.startsWith(`GET ${graph}`))).toEqual([]);
      expect(parts()).toEqual([]);
    },
  );

  test('resume from the longest of several parts', async () => {
    const { name } = defined(
      (await hubListing(atlas, access())).files.find((f) => f.path === graph),
    );
    for (const bytes of [100_000, 900_000, 300_000])
      writeFileSync(join(cache, newPart(defined(name))), content.subarray(0, bytes));
    writeFileSync(join(cache, `${name}.part`), content.subarray(0, 50));
    expect((await graphOf(atlas)).equals(content)).toBe(true);
    expect(mirror.log.filter((line) => line.startsWith(`GET ${graph}`))).toEqual([
      `GET ${graph} bytes=900000-`,
    ]);
    expect(cached()).toEqual([name]);
  });
});

describe('a file that changes during its download', () => {
  test('is not mixed, and nothing of it is cached', async () => {
    Object.assign(mirror.fault, { breaks: 1, after: 400_000, changesTo: 1 });
    await expect(graphOf(address)).rejects.toThrow(code('remote-changed'));
    expect(cached()).toEqual([]);
    expect((await graphOf(address)).equals(Buffer.from(content.map((byte) => byte ^ 1)))).toBe(
      true,
    );
  });

  test('is listed and fetched again once', async () => {
    // The same bytes under another etag.
    Object.assign(mirror.fault, { breaks: 1, after: 400_000, changesTo: 256 });
    const { open } = await findAndLoad(() => remoteFiles(address, access()));
    expect(Buffer.from(open.graph).equals(content)).toBe(true);
  });

  test('is fetched from the start if it changed between two visits', async () => {
    mirror.fault.edition = 1;
    await (await begun(address, 400_000)).return?.();
    mirror.fault.edition = 0;
    expect((await graphOf(address)).equals(content)).toBe(true);
  });

  test('is detected if it changed after the listing', async () => {
    const file = await fileOf(address);
    mirror.fault.edition = 1;
    await expect(readFile(file)).rejects.toThrow(code('remote-changed'));
    expect(cached()).toEqual([]);
  });
});

describe('content that does not match its digest', () => {
  test('is refused and not cached for small files, which git identifies', async () => {
    mirror.fault.corrupt = true;
    await expect(openModel(await remoteFiles(atlas, access()))).rejects.toThrow(
      code('bad-download'),
    );
    expect(cached()).toEqual([]);
    mirror.fault.corrupt = false;
    expect((await openModel(await remoteFiles(atlas, access()))).config).not.toBeNull();
  });

  test('is refused and deleted if an older version cached it', async () => {
    const { name, bytes } = defined(
      (await hubListing(atlas, access())).files.find((f) => f.path === 'config.json'),
    );
    writeFileSync(join(cache, defined(name)), '{}'.padEnd(bytes));
    await expect(openModel(await remoteFiles(atlas, access()))).rejects.toThrow(
      'The cached copy of config.json was damaged and has been deleted. Try again to download it.',
    );
    expect((await openModel(await remoteFiles(atlas, access()))).config).not.toBeNull();
  });

  test.each<[string, (path: string) => void]>([
    ['cut off', (path) => truncateSync(path, 1000)],
    ['too long', (path) => writeFileSync(path, Buffer.concat([content, content]))],
  ])('is fetched again if the cached copy is damaged: %s', async (_, damage) => {
    await graphOf(atlas);
    damage(join(cache, elementAt(cached(), 0)));
    expect((await graphOf(atlas)).equals(content)).toBe(true);
    expect(
      createHash('sha256')
        .update(readFileSync(join(cache, elementAt(cached(), 0))))
        .digest('hex'),
    ).toBe(cached()[0]);
  });

  test('is refused, then fetched again, if a damaged copy has the right length', async () => {
    await graphOf(atlas);
    writeFileSync(
      join(cache, elementAt(cached(), 0)),
      Buffer.from(content.map((byte) => byte ^ 1)),
    );
    await expect(graphOf(atlas)).rejects.toThrow(code('kept-damaged'));
    expect((await graphOf(atlas)).equals(content)).toBe(true);
  });
});

describe('a malicious hub', () => {
  test('cannot list files outside the repository, or cache content without a digest', async () => {
    mirror.fault.siblings = [
      { rfilename: graph, size: content.length, blobId: '../../escaped' },
      { rfilename: '../../escaped.onnx', size: 5, blobId: '0'.repeat(40) },
      { rfilename: '/etc/passwd.onnx', size: 5 },
      { rfilename: 'a/../../b.onnx', size: 5 },
      { rfilename: 'c.onnx', size: -1 },
      { rfilename: 'd.onnx', size: 1e300 },
      null,
      7,
    ];
    expect((await hubListing(atlas, access())).files).toMatchObject([{ path: graph, name: null }]);
    expect((await graphOf(atlas)).equals(content)).toBe(true);
    expect(cached()).toEqual([]);
  });

  test('cannot list more files than the limit', async () => {
    const listed = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ rfilename: `onnx/m${i}.onnx`, size: 1 }));
    mirror.fault.siblings = listed(READ_LIMITS.files);
    expect((await hubListing(atlas, access())).files).toHaveLength(2000);
    mirror.fault.siblings = listed(READ_LIMITS.files + 1);
    await expect(hubListing(atlas, access())).rejects.toThrow(
      /^localhost:\d+ does not provide rank-atlas\/atlas-3m \(more than 2,000 model files\)/,
    );
  });

  test.each<[string, string, RegExp]>([
    ['a listing', '/api/', /^rank-atlas\/atlas-3m is larger than the limit of 50 MB\./],
    [
      'a config',
      'config.json',
      /^The download of config\.json from .+ longer than the announced \d+ bytes/,
    ],
  ])('cannot send %s without an end', { timeout: 60_000 }, async (_, path, sentence) => {
    mirror.fault.endless = [path];
    await expect(remoteFiles(atlas, access()).then(openModel)).rejects.toThrow(sentence);
    expect(cached()).toEqual([]);
  });

  test('cannot send endless small files next to an address', { timeout: 60_000 }, async () => {
    mirror.fault.endless = ['config.json'];
    await expect(
      remoteFiles(
        { kind: 'url', url: `${mirror.url}/${repository}/resolve/main/${graph}` },
        access(),
      ),
    ).rejects.toThrow('config.json is larger than the limit of 20 MB');
  });

  test('cannot get a token by a redirect', async () => {
    await openModel(
      await remoteFiles(atlas, access({ headers: { Authorization: 'Bearer secret' } })),
    );
    expect(new Set(mirror.tokens)).toEqual(new Set(['hub']));
  });
});

test('a cached listing of unknown origin is requested again', async () => {
  const { commit } = await hubListing(atlas, access());
  const name = defined(readdirSync(cache).find((file) => file.startsWith('hub ')));
  for (const files of [
    [null],
    [{ path: '../x.onnx', url: 'nowhere', bytes: 1, name: '../../x' }],
    [{ path: graph, bytes: 'many' }],
    {},
    null,
  ]) {
    writeFileSync(join(cache, name), JSON.stringify({ repository, commit, files, folders: true }));
    mirror.log.length = 0;
    expect(
      (await hubListing({ ...atlas, revision: commit }, access())).files.length,
    ).toBeGreaterThan(3);
    expect(mirror.log).toHaveLength(1);
  }
});

test('a host that compresses is asked for the uncompressed content', async () => {
  mirror.fault.gzip = true;
  expect((await graphOf(address)).equals(content)).toBe(true);
  expect((await openModel(await remoteFiles(atlas, access()))).graph).toHaveLength(content.length);
});

test('an address with a lone % is accepted, and refused with a sentence if nothing is there', async () => {
  const url = `${mirror.store}/${repository}/`;
  for (const name of ['%ZZ.onnx', 'resolve/main/%ZZ.onnx', 'resolve/main/..%2f..%2f%.onnx']) {
    await expect(remoteFiles({ kind: 'url', url: url + name }, access())).rejects.toBeInstanceOf(
      AtlasError,
    );
  }
});

describe('without a usable cache', () => {
  const refused = () => Promise.reject(new DOMException('no', 'NotAllowedError'));

  test.each<[string, () => Partial<FileStore>]>([
    ['may not be written', () => ({ append: refused })],
    ['may not be listed', () => ({ list: refused })],
    ['takes no names', () => ({ rename: refused })],
    [
      'is full after a while',
      () => ({
        append: async (name) => {
          const writer = await store.append(name);
          let free = 300_000;
          return {
            ...writer,
            write: (chunk) => {
              if ((free -= chunk.length) < 0) throw new DOMException('full', 'QuotaExceededError');
              return writer.write(chunk);
            },
          };
        },
      }),
    ],
  ])(
    'because the store %s, the file is still read, and no part of it counts as whole',
    async (_, change) => {
      expect((await graphOf(atlas, { store: { ...store, ...change() } })).equals(content)).toBe(
        true,
      );
      for (const name of cached())
        expect(name.endsWith('.part') || readFileSync(join(cache, name)).equals(content)).toBe(
          true,
        );
      expect((await graphOf(atlas)).equals(content)).toBe(true);
    },
  );
});
