/** Files the user names on the command line, read with a sentence when that fails; what is written: output.ts. */
import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { refusePointer } from '../src/model/lfs.ts';
import { reasonOf } from '../src/model/node-files.ts';

/** More than any model that runs here; and what a pipe or a device may give. */
const MOST_BYTES = 8e9, MOST_PIPED = 64e6;

/** The whole file; also what a pipe holds. Throws `no-file`, `lfs-pointer`. */
export async function readBytes(path: string, allowed = MOST_BYTES): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [], isFile = await stat(path).then((s) => s.isFile(), () => true), most = isFile ? allowed : Math.min(allowed, MOST_PIPED);
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > most) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new AtlasError('no-file', { file: path.slice(0, 200), why: reasonOf(cause) }, { cause });
  }
  if (size > most) throw new AtlasError('no-file', { file: path.slice(0, 200), why: `it is longer than ${Math.round(most / 1e6)} MB` });
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  refusePointer(bytes, path.slice(0, 200));
  return bytes;
}

/**
 * A folder and those above it. Node's own recursive `mkdir` never ends below /proc, where a folder
 * that cannot be made is said not to exist.
 */
export async function makeFolders(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => null);
    if (found?.isDirectory()) break;
    missing.unshift(at);
    if (dirname(at) === at) break;
  }
  for (const folder of missing) {
    await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another process may have made it meanwhile.
      const made = error.code === 'EEXIST' && (await stat(folder)).isDirectory();
      if (!made) throw error;
    });
  }
}

/** No experiment is longer. */
const MOST_JSON = 5e6;

/** A spec or result file. `what` says what the argument is not when there is no such file. Throws `usage`, `no-file`, `lfs-pointer` or `bad-spec`. */
export async function readJson(path: string, what: string): Promise<unknown> {
  const bytes = await readBytes(path, MOST_JSON).catch((cause: unknown) => {
    // What is no path at all was meant as something else.
    const { code } = (cause as Error).cause as NodeJS.ErrnoException ?? {};
    if (code === 'ENOENT' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE') throw new AtlasError('usage', { why: what }, { cause });
    throw cause;
  });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AtlasError('bad-spec', { at: path, why: 'it is not JSON' }, { cause });
  }
}
