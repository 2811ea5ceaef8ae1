/** Files the user names on the command line, read and written with a sentence when that fails. */
import { readFile, writeFile } from 'node:fs/promises';
import { AtlasError } from '../src/errors.ts';

/** Throws `no-file`. */
export function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('no-file', { file: path, why: cause.code === 'ENOENT' ? 'it does not exist' : cause.code ?? 'unreadable' }, { cause });
  });
}

/** Throws `usage`. */
export function writeBytes(path: string, content: Uint8Array | string): Promise<void> {
  return writeFile(path, content).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('usage', { why: `${path} cannot be written (${cause.code})` }, { cause });
  });
}
