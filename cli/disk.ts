/**
 * Files the user names on the command line, read with a sentence when that fails; what is written:
 * output.ts.
 */
import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { refuseLonger } from '../src/model/files.ts';
import { refusePointer } from '../src/model/lfs.ts';
import { MOST } from '../src/model/limits.ts';
import { reasonOf } from '../src/model/node-files.ts';

/** The whole file; also what a pipe holds. Throws `no-file`, `lfs-pointer`, `too-long`. */
export async function readBytes(path: string, allowed: number = MOST.file): Promise<Uint8Array> {
  const found = await stat(path).catch(() => null);
  const most = found?.isFile() === false ? Math.min(allowed, MOST.pipe) : allowed;
  const name = path.slice(0, 200);
  const chunks: Uint8Array[] = [];
  refuseLonger(name, found?.size ?? 0, most);
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, {
      highWaterMark: 1 << 20,
    }) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      refuseLonger(name, size, most);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof AtlasError) throw cause;
    throw new AtlasError('no-file', { file: name, why: reasonOf(cause) }, { cause });
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  refusePointer(bytes, name);
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

/**
 * A spec or result file. `what` says what the argument is not when there is no such file. Throws
 * `usage`, `no-file`, `too-long`, `lfs-pointer` or `bad-spec`.
 */
export async function readJson(path: string, what: string): Promise<unknown> {
  const bytes = await readBytes(path, MOST.spec).catch((cause: unknown) => {
    // What is no path at all was meant as something else.
    const { code } = ((cause as Error).cause ?? {}) as Partial<NodeJS.ErrnoException>;
    if (code === 'ENOENT' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE')
      throw new AtlasError('usage', { why: what }, { cause });
    throw cause;
  });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AtlasError('bad-spec', { at: path, why: 'it is not JSON' }, { cause });
  }
}
