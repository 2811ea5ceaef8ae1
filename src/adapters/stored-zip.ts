/**
 * Packs files into one zip without compression, since float data does not compress well. The zip
 * library is loaded on first use.
 */
import { AtlasError } from '../errors.ts';

/** Limit of the plain zip format, whose sizes and offsets are 32-bit. */
const MAX_BYTES = 2 ** 32 - 2 ** 20;

/** Returns a zip of the files by name. Throws `large-zip` above `maxBytes` bytes. */
export async function storedZip(
  files: Readonly<Record<string, Uint8Array>>,
  name: string,
  maxBytes = MAX_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Object.values(files).reduce((sum, file) => sum + file.length, 0);
  if (bytes > maxBytes)
    throw new AtlasError('large-zip', { file: name, size: `${(bytes / 1e9).toFixed(1)} GB` });
  const { zipSync } = await import('fflate');
  return zipSync({ ...files }, { level: 0 });
}
