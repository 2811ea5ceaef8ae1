import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockHash } from './block-hash.ts';
import { gitBlobHash, Sha1 } from './sha1.ts';
import { Sha256, sha256 } from './sha256.ts';

test('published vectors', () => {
  expect(sha256()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test.each<[string, () => BlockHash]>([
  ['sha256', () => new Sha256()],
  ['sha1', () => new Sha1()],
])('%s equals the platform, however the bytes are cut', (name, make) => {
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

test('a file has the name that git gives it', () => {
  // printf 'hello\n' | git hash-object --stdin
  expect(gitBlobHash(6).update(new TextEncoder().encode('hello\n')).hex()).toBe(
    'ce013625030ba8dba906f756967f9e9ca394464a',
  );
});
