/** Files the user names on the command line, read and written with a sentence when that fails. */
import { readFile, writeFile } from 'node:fs/promises';
import { AtlasError } from '../src/errors.ts';

/** Throws `no-file`. */
export function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('no-file', { file: path, why: cause.code === 'ENOENT' ? 'it does not exist' : cause.code ?? 'unreadable' }, { cause });
  });
}

/** In one piece, or in pieces in order. Throws `usage`. */
export function writeBytes(path: string, content: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  return writeFile(path, content).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('usage', { why: `${path} cannot be written (${cause.code})` }, { cause });
  });
}

/** A spec or result file. `what` says what the argument is not when there is no such file. Throws `usage` or `bad-spec`. */
export async function readJson(path: string, what: string): Promise<unknown> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('usage', { why: cause.code === 'ENOENT' ? what : `${path} cannot be read (${cause.code})` }, { cause });
  });
  if (bytes.length > 5_000_000) throw new AtlasError('bad-spec', { at: path, why: `it is ${Math.round(bytes.length / 1e6)} MB long, which no experiment is` });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AtlasError('bad-spec', { at: path, why: 'it is not JSON' }, { cause });
  }
}
