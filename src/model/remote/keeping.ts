/**
 * The part of a file that is kept while it arrives. Every download writes a part of its own: two
 * tabs, or two processes, can fetch one file at the same time, and one that ended in the middle
 * leaves a part that the next copies into its own and goes on from. Where nothing can be kept it
 * does nothing, and the file stays in memory.
 */
import { AtlasError } from '../../errors.ts';
import { describeBytes } from '../figures.ts';
import { newPart, partsOf, removeParts, type FileStore, type StoreWriter } from './file-store.ts';

export interface KeptFile {
  name: string;
  bytes: number;
}

export class Keeping {
  private readonly store: FileStore;
  private readonly file: KeptFile;
  private readonly part: string;
  private readonly warn: ((warning: AtlasError) => void) | undefined;
  private writer: StoreWriter | null = null;
  /** While the own part has less than the one it is copied from. */
  private copying = false;

  constructor(store: FileStore, file: KeptFile, onWarning?: (warning: AtlasError) => void) {
    this.store = store;
    this.file = file;
    this.part = newPart(file.name);
    this.warn = onWarning;
  }

  /** What an earlier download left of the file, from the beginning; the longest part there is. */
  async *before(): AsyncGenerator<Uint8Array> {
    const { store } = this;
    const left = await this.longestPart();
    this.writer = await store.append(this.part).catch(() => null);
    if (!left) return;
    this.copying = true;
    let at = 0;
    try {
      for await (const chunk of store.read(left.name)) {
        // Whoever wrote it may be writing still.
        const piece = chunk.subarray(0, left.bytes - at);
        at += piece.length;
        await this.add(piece);
        yield piece;
        if (at === left.bytes) break;
      }
    } catch {
      // It is gone, or cannot be read to its end: the rest comes from the server.
    }
    this.copying = false;
    if (this.writer) await store.remove(left.name);
  }

  private async longestPart(): Promise<KeptFile | null> {
    let longest: KeptFile | null = null;
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

  /** Nothing that is kept of it can be trusted. */
  forget(): Promise<void> {
    return removeParts(this.store, this.file.name);
  }

  /** It is all there, and right. */
  async whole(): Promise<void> {
    const {
      store,
      file: { name, bytes },
    } = this;
    // Two that end at once must not each remove what the other has.
    await store.exclusively(name, async () => {
      // Another may have been faster, and its file be read already.
      if ((await store.size(name)) !== bytes && (await store.size(this.part)) === bytes)
        await store.rename(this.part, name).catch(() => undefined);
      if ((await store.size(name)) === bytes) await this.forget();
    });
  }
}
