/** Reads files that the user names on the command line. output.ts writes them. */
import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { refuseLonger } from '../src/model/files.ts';
import { refusePointer } from '../src/model/lfs.ts';
import { READ_LIMITS } from '../src/model/limits.ts';
import { reasonOf } from '../src/model/node-files.ts';

/**
 * Reads a whole file or pipe, up to `allowed` bytes. Throws `no-file`, `lfs-pointer` and
 * `too-long`.
 */
export async function readBytes(
  path: string,
  allowed: number = READ_LIMITS.file,
): Promise<Uint8Array> {
  const found = await stat(path).catch(() => null);
  const maxBytes = found?.isFile() === false ? Math.min(allowed, READ_LIMITS.pipe) : allowed;
  const name = path.slice(0, 200);
  const chunks: Uint8Array[] = [];
  refuseLonger(name, found?.size ?? 0, maxBytes);
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, {
      highWaterMark: 1 << 20,
    }) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      refuseLonger(name, size, maxBytes);
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
 * Creates a directory and its parents. Node's recursive `mkdir` does not return below /proc, where
 * creating a directory fails with ENOENT.
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
      // Another process may have created it since.
      const made = error.code === 'EEXIST' && (await stat(folder)).isDirectory();
      if (!made) throw error;
    });
  }
}

/**
 * Reads a spec or result file. If there is no such file, the error says `what`. Throws `usage`,
 * `no-file`, `too-long`, `lfs-pointer` and `bad-spec`.
 */
export async function readJson(path: string, what: string): Promise<unknown> {
  const bytes = await readBytes(path, READ_LIMITS.spec).catch((cause: unknown) => {
    // An argument that is not a path may be a mistyped preset or link.
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
