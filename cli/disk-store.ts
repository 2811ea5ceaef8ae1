/** Files from a hub or an address, kept in a folder of the user's cache. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { FileStore } from '../src/model/remote/file-store.ts';

/** `$XDG_CACHE_HOME/rank-atlas`, by default `~/.cache/rank-atlas`. */
export const cacheFolder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rank-atlas');

/** Null where the folder cannot be made: then nothing is kept. */
export async function diskStore(folder = cacheFolder()): Promise<FileStore | null> {
  try {
    await mkdir(folder, { recursive: true });
  } catch {
    return null;
  }
  const at = (name: string) => join(folder, name);
  return {
    size: (name) => stat(at(name)).then((s) => s.size, () => 0),
    read: (name) => createReadStream(at(name), { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>,
    async append(name) {
      const file = await open(at(name), 'a');
      return { write: async (chunk) => { await file.writeFile(chunk); }, close: () => file.close() };
    },
    rename: (from, to) => rename(at(from), at(to)),
    remove: (name) => rm(at(name), { force: true }),
    list: () => readdir(folder),
  };
}
