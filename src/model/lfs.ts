/** Detects Git LFS pointers, which a clone made without Git LFS has instead of its large files. */
import { AtlasError } from '../errors.ts';

const BEGINNING = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1');

/**
 * Called for every file that is read, of any kind. `bytes` are its first bytes, or all. Throws
 * `lfs-pointer`.
 */
export function refusePointer(bytes: Uint8Array, file: string): void {
  if (bytes.length >= BEGINNING.length && BEGINNING.every((byte, i) => bytes[i] === byte))
    throw new AtlasError('lfs-pointer', { file });
}
