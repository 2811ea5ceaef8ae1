/** Where files from elsewhere are kept on this machine, whole or in part. In a browser `opfs-store.ts`, in Node the command line's `disk-store.ts`. */

export interface FileStore {
  /** Bytes kept under a name; 0 where there is nothing. */
  size(name: string): Promise<number>;
  read(name: string): AsyncIterable<Uint8Array>;
  /** Opens a file at its end. Fails where another tab or process writes it. */
  append(name: string): Promise<StoreWriter>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names of all files. */
  list(): Promise<string[]>;
}

export interface StoreWriter {
  /** Fails where there is no room. */
  write(chunk: Uint8Array): void | Promise<void>;
  close(): void | Promise<void>;
}

/** What is not yet whole. */
export const partOf = (name: string): string => `${name}.part`;

/** A small file in one piece; null where there is none. */
export async function readSmall(store: FileStore, name: string): Promise<Uint8Array | null> {
  const size = await store.size(name);
  if (size === 0) return null;
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of store.read(name)) {
    bytes.set(chunk.subarray(0, size - at), at);
    at += chunk.length;
  }
  return bytes;
}

/** Puts a small file in place of the one of this name. */
export async function writeSmall(store: FileStore, name: string, bytes: Uint8Array): Promise<void> {
  const part = partOf(name);
  await store.remove(part);
  const writer = await store.append(part);
  try {
    await writer.write(bytes);
  } finally {
    await writer.close();
  }
  await store.rename(part, name);
}
