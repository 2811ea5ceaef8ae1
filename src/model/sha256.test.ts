import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { BlockHash } from './block-hash.ts';
import { gitBlobHash, Sha1 } from './sha1.ts';
import { Sha256, sha256 } from './sha256.ts';
import { sha256Of as inNode } from './sha256.node.ts';
import { sha256Of as inBrowser } from './sha256.web.ts';

test('SHA-256 gives the published digests', () => {
  expect(sha256()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test.each<[string, () => BlockHash]>([
  ['sha256', () => new Sha256()],
  ['sha1', () => new Sha1()],
])('%s equals the platform’s for any division into pieces', (name, make) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (pieces) => {
      const ours = make();
      const theirs = createHash(name);
      for (const piece of pieces) {
        ours.update(piece);
        theirs.update(piece);
      }
      expect(ours.hex()).toBe(theirs.digest('hex'));
    }),
  );
});

afterEach(() => vi.unstubAllGlobals());

const digest = vi.fn(crypto.subtle.digest.bind(crypto.subtle));
test.each([
  ['in Node', inNode, {}, 0],
  ['in a browser', inBrowser, { subtle: { digest } }, 6],
  ['on a page without WebCrypto, served over plain http', inBrowser, {}, 0],
])('whole pieces have the same digest %s', async (_, hash, platform, calls) => {
  vi.stubGlobal('crypto', platform);
  digest.mockClear();
  for (const sizes of [[], [0], [64], [100_000], [55, 56], [0, 1, 1000]]) {
    // Views of a larger buffer.
    const pieces = sizes.map((size) =>
      Uint8Array.from({ length: size + 2 }, (_, i) => i * i).subarray(1, -1),
    );
    expect(await hash(pieces)).toBe(
      createHash('sha256').update(Buffer.concat(pieces)).digest('hex'),
    );
  }
  expect(digest).toHaveBeenCalledTimes(calls);
});

test('a file has the hash of git', () => {
  // printf 'hello\n' | git hash-object --stdin
  expect(gitBlobHash(6).update(new TextEncoder().encode('hello\n')).hex()).toBe(
    'ce013625030ba8dba906f756967f9e9ca394464a',
  );
});
