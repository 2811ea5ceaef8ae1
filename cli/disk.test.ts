/** Tests the size limits of files named on the command line. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, expect, test } from 'vitest';
import { READ_LIMITS } from '../src/model/limits.ts';
import { readAdapter } from './adapter-files.ts';
import { readBytes } from './disk.ts';
import { ownText } from './settings.ts';

const root = mkdtempSync(join(tmpdir(), 'rank-atlas-disk-'));
const at = (name: string) => join(root, name);
afterAll(() => rmSync(root, { recursive: true }));
/** A sparse file: it takes no space on disk. */
const long = (name: string, bytes: number) => {
  writeFileSync(at(name), '');
  truncateSync(at(name), bytes);
  return at(name);
};

test('as many bytes as are allowed, and no more', async () => {
  expect(await readBytes(long('ten', 10), 10)).toHaveLength(10);
  await expect(readBytes(at('ten'), 9)).rejects.toThrow(
    'ten is larger than the limit of 9 bytes. Check that it is the right file.',
  );
});

test('a file too long for this machine is not read to learn that', async () => {
  await expect(readBytes(long('huge', READ_LIMITS.file + 1))).rejects.toThrow(
    'huge is larger than the limit of 8.0 GB',
  );
});

test.skipIf(process.platform === 'win32')('a device without an end', async () => {
  await expect(readBytes('/dev/zero')).rejects.toThrow(
    '/dev/zero is larger than the limit of 64 MB',
  );
  await expect(ownText('/dev/zero')).rejects.toThrow(
    '/dev/zero is larger than the limit of 5.0 MB',
  );
});

test('weights and settings of an adapter, and the zip they come in', async () => {
  const config = long('adapter_config.json', READ_LIMITS.adapterConfig);
  const weights = long('adapter_model.safetensors', 10);
  expect((await readAdapter(root)).config).toHaveLength(READ_LIMITS.adapterConfig);
  truncateSync(config, READ_LIMITS.adapterConfig + 1);
  await expect(readAdapter(root)).rejects.toThrow(
    'adapter_config.json is larger than the limit of 5.0 MB',
  );
  truncateSync(config, 10);
  truncateSync(weights, READ_LIMITS.adapter + 1);
  await expect(readAdapter(root)).rejects.toThrow(
    'adapter_model.safetensors is larger than the limit of 1.0 GB',
  );
  await expect(readAdapter(long('a.zip', READ_LIMITS.adapter + 1))).rejects.toThrow(
    'a.zip is larger than the limit of 1.0 GB',
  );
});

test('an adapter in a zip is refused by its declared size, before it is unpacked', async () => {
  const zip = zipSync(
    Object.fromEntries(
      Array.from({ length: 15 }, (_, i) =>
        ['adapter_config.json', 'adapter_model.safetensors'].map((name) => [
          `${i === 0 ? 'top' : `top/step-${i}`}/${name}`,
          new Uint8Array(100),
        ]),
      ).flat(),
    ),
  );
  const view = new DataView(zip.buffer);
  // Declare 900 MB for every entry of the directory.
  for (let place = 0; place + 4 <= zip.length; place++)
    if (view.getUint32(place, true) === 0x02014b50) view.setUint32(place + 24, 900e6, true);
  writeFileSync(at('bombs.zip'), zip);
  await expect(readAdapter(at('bombs.zip'))).rejects.toThrow(
    '"top/adapter_config.json" in it has 900 MB, but at most 5.0 MB are allowed',
  );
});
