/**
 * Caches remote files in the browser's origin private file system (OPFS). Files are written while
 * they arrive, so a download resumes after its tab was closed. Workers only: synchronous file
 * access needs one.
 */
import { streamChunks } from '../files.ts';
import type { FileStore } from './file-store.ts';

const FOLDER = 'models';

/** Worker-only file methods that the DOM types lack. */
interface WorkerFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<{
    getSize(): number;
    write(data: BufferSource, options: { at: number }): number;
    close(): void;
  }>;
  move(name: string): Promise<void>;
}

/** null if the browser has no OPFS or denies it to this page. Nothing is cached then. */
export async function opfsStore(): Promise<FileStore | null> {
  let folder: FileSystemDirectoryHandle;
  try {
    folder = await (
      await navigator.storage.getDirectory()
    ).getDirectoryHandle(FOLDER, { create: true });
  } catch {
    return null;
  }
  const handle = (name: string, create = false) =>
    folder.getFileHandle(name, { create }) as Promise<WorkerFileHandle>;
  const remove = async (name: string) => {
    await folder.removeEntry(name).catch(() => undefined);
  };
  return {
    remove,
    size: async (name) => {
      try {
        return (await (await handle(name)).getFile()).size;
      } catch {
        return 0;
      }
    },
    async *read(name) {
      yield* streamChunks((await (await handle(name)).getFile()).stream());
    },
    async append(name) {
      const access = await (await handle(name, true)).createSyncAccessHandle();
      let at = access.getSize();
      return {
        write(chunk) {
          if (access.write(chunk as Uint8Array<ArrayBuffer>, { at }) < chunk.length)
            throw new DOMException('the storage is full', 'QuotaExceededError');
          at += chunk.length;
        },
        close: () => access.close(),
      };
    },
    async exclusively(name, task) {
      await navigator.locks.request(`rank-atlas ${FOLDER} ${name}`, task);
    },
    async rename(from, to) {
      await remove(to);
      await (await handle(from)).move(to);
    },
    async list() {
      const names: string[] = [];
      for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys())
        names.push(name);
      return names;
    },
  };
}
