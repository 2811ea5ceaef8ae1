/** Git LFS pointers: what a clone made without Git LFS has in the place of its large files. */
import { AtlasError } from '../errors.ts';

const BEGINNING = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1');

/**
 * Every file that is read comes by here, whatever it should be. `bytes` are its first ones, or all.
 * Throws `lfs-pointer`.
 */
export function refusePointer(bytes: Uint8Array, file: string): void {
  if (bytes.length >= BEGINNING.length && BEGINNING.every((byte, i) => bytes[i] === byte))
    throw new AtlasError('lfs-pointer', { file });
}
