/**
 * Caches a partial download. Each download writes its own part file, so two tabs or processes can
 * fetch one file at the same time. A later download copies the part and resumes. If nothing can be
 * cached, the file stays in memory only.
 */
import { AtlasError } from '../../errors.ts';
import { describeBytes } from '../figures.ts';
import { newPart, partsOf, removeParts, type FileStore, type StoreWriter } from './file-store.ts';

export interface CachedFile {
  name: string;
  bytes: number;
}

export class PartFile {
  private readonly store: FileStore;
  private readonly file: CachedFile;
  private readonly part: string;
  private readonly warn: ((warning: AtlasError) => void) | undefined;
  private writer: StoreWriter | null = null;
  /** True while this part is shorter than the part it copies. */
  private copying = false;

  constructor(store: FileStore, file: CachedFile, onWarning?: (warning: AtlasError) => void) {
    this.store = store;
    this.file = file;
    this.part = newPart(file.name);
    this.warn = onWarning;
  }

  /** Yields the longest part of earlier downloads, from the beginning. */
  async *before(): AsyncGenerator<Uint8Array> {
    const { store } = this;
    const left = await this.longestPart();
    this.writer = await store.append(this.part).catch(() => null);
    if (!left) return;
    this.copying = true;
    let at = 0;
    try {
      for await (const chunk of store.read(left.name)) {
        // Another download may still be writing this part.
        const piece = chunk.subarray(0, left.bytes - at);
        at += piece.length;
        await this.add(piece);
        yield piece;
        if (at === left.bytes) break;
      }
    } catch {
      // The part is gone or unreadable: the server sends the rest.
    }
    this.copying = false;
    if (this.writer) await store.remove(left.name);
  }

  private async longestPart(): Promise<CachedFile | null> {
    let longest: CachedFile | null = null;
    for (const name of await partsOf(this.store, this.file.name)) {
      const bytes = await this.store.size(name);
      if (bytes > this.file.bytes) await this.store.remove(name);
      else if (bytes > (longest?.bytes ?? 0)) longest = { name, bytes };
    }
    return longest;
  }

  async add(chunk: Uint8Array): Promise<void> {
    if (!this.writer) return;
    try {
      await this.writer.write(chunk);
    } catch {
      await this.close();
      await this.store.remove(this.part);
      this.warn?.(new AtlasError('no-room-model', { size: describeBytes(this.file.bytes) }));
    }
  }

  async close(): Promise<void> {
    const { writer } = this;
    this.writer = null;
    await writer?.close();
    if (writer && this.copying) await this.store.remove(this.part);
  }

  /** Removes all parts of the file; they can't be trusted. */
  forget(): Promise<void> {
    return removeParts(this.store, this.file.name);
  }

  /** Call when the content is complete and verified. */
  async whole(): Promise<void> {
    const {
      store,
      file: { name, bytes },
    } = this;
    // Two downloads that finish together must not remove each other's file.
    await store.exclusively(name, async () => {
      // Another download may have finished first, and its file may already be in use.
      if ((await store.size(name)) !== bytes && (await store.size(this.part)) === bytes)
        await store.rename(this.part, name).catch(() => undefined);
      if ((await store.size(name)) === bytes) await this.forget();
    });
  }
}
