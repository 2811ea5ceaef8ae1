/**
 * One zip of several files, stored as they are: floats do not shrink. The zip code comes when it is
 * first wanted.
 */
import { AtlasError } from '../errors.ts';

/** Where the plain format ends: lengths and places in it are 32 bits. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;

/** Throws `large-zip`. */
export async function storedZip(
  files: Readonly<Record<string, Uint8Array>>,
  name: string,
  most = MOST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
  if (bytes > most)
    throw new AtlasError('large-zip', { file: name, size: `${(bytes / 1e9).toFixed(1)} GB` });
  const { zipSync } = await import('fflate');
  return zipSync({ ...files }, { level: 0 });
}
