/**
 * The interface of the cache for remote files, complete or partial. Implemented by `opfs-store.ts`
 * in a browser and by the command line's `disk-store.ts` in Node.
 */

export interface FileStore {
  /** Size of a file in bytes; 0 if it does not exist. */
  size(name: string): Promise<number>;
  read(name: string): AsyncIterable<Uint8Array>;
  /** Opens a file for appending. */
  append(name: string): Promise<StoreWriter>;
  /** Replaces the file `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Runs `task` while no other tab runs one for the same name. */
  exclusively(name: string, task: () => Promise<void>): Promise<void>;
  /** Failures are ignored: a file that can't be removed stays. */
  remove(name: string): Promise<void>;
  /** Names of all files. */
  list(): Promise<string[]>;
}

export interface StoreWriter {
  /** Fails if there is no room. */
  write(chunk: Uint8Array): void | Promise<void>;
  close(): void | Promise<void>;
}

/**
 * A new name for a partial file. Names are random, so that no two tabs or processes write the same
 * file.
 */
export const newPart = (name: string): string =>
  `${name}.${crypto.getRandomValues(new Uint32Array(2)).join('')}.part`;

/**
 * True if a file is a partial download of `name`. Older versions used one part without a number.
 */
export const isPartOf = (part: string, name: string): boolean =>
  part.startsWith(`${name}.`) && /^(\d+\.)?part$/.test(part.slice(name.length + 1));

/** The partial downloads of a file. */
export const partsOf = async (store: FileStore, name: string): Promise<string[]> =>
  (await store.list().catch(() => [])).filter((part) => isPartOf(part, name));

export async function removeParts(store: FileStore, name: string): Promise<void> {
  for (const part of await partsOf(store, name)) await store.remove(part);
}

/** Reads a small file into memory; null if it does not exist, is empty or exceeds `maxBytes`. */
export async function readSmall(
  store: FileStore,
  name: string,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const size = await store.size(name);
  if (size === 0 || size > maxBytes) return null;
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of store.read(name)) {
    bytes.set(chunk.subarray(0, size - at), at);
    at += chunk.length;
  }
  return bytes;
}

/** Replaces the small file of this name. */
export async function writeSmall(store: FileStore, name: string, bytes: Uint8Array): Promise<void> {
  const part = newPart(name);
  try {
    const writer = await store.append(part);
    try {
      await writer.write(bytes);
    } finally {
      await writer.close();
    }
    await store.rename(part, name);
  } finally {
    // Remove this part if it failed, and the parts of other interrupted writes.
    await removeParts(store, name);
  }
}
