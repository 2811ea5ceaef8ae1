import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { storedZip } from './stored-zip.ts';

const files = { a: Uint8Array.of(1, 2, 3), 'b/c': new Uint8Array(1000).fill(7) };

test('a zip holds the files unmodified', async () => {
  expect(unzipSync(await storedZip(files, 'x.zip'))).toEqual(files);
});

test('a file too large for a zip is refused with an alternative', async () => {
  await expect(storedZip(files, 'x.zip', 1000)).rejects.toThrow(
    'x.zip would be 0.0 GB, more than a zip file can hold. Save the adapter as a folder on the command line.',
  );
});
