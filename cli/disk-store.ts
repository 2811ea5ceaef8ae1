/** Caches files from a hub or an address in a directory of the user's cache. */
import { createReadStream } from 'node:fs';
import { access, constants, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { reasonOf } from '../src/model/node-files.ts';
import type { FileStore } from '../src/model/remote/file-store.ts';
import { makeFolders } from './disk.ts';
import { cacheFolder } from './environment.ts';

/** Returns null if the directory cannot be created, read or written. Then nothing is cached. */
export async function diskStore(folder = cacheFolder()): Promise<FileStore | null> {
  if (folder === null) return null;
  try {
    await makeFolders(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return null;
  }
  const at = (name: string) => join(folder, name);
  return {
    size: (name) =>
      stat(at(name)).then(
        (s) => s.size,
        () => 0,
      ),
    read: (name) => contentOf(at(name)),
    async append(name) {
      const file = await open(at(name), 'a');
      return {
        write: async (chunk) => {
          await file.writeFile(chunk);
        },
        close: () => file.close(),
      };
    },
    rename: (from, to) => rename(at(from), at(to)),
    // No lock is needed: renaming a file on disk is atomic.
    exclusively: (_, task) => task(),
    remove: (name) => rm(at(name), { force: true }).catch(() => undefined),
    list: () => readdir(folder),
  };
}

/** Throws `no-file`. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 20 });
  } catch (cause) {
    throw new AtlasError('no-file', { file: path, why: reasonOf(cause) }, { cause });
  }
}
