/**
 * Where files from elsewhere are kept on this machine, whole or in part. In a browser
 * `opfs-store.ts`, in Node the command line's `disk-store.ts`.
 */

export interface FileStore {
  /** Bytes kept under a name; 0 where there is nothing. */
  size(name: string): Promise<number>;
  read(name: string): AsyncIterable<Uint8Array>;
  /** Opens a file at its end. */
  append(name: string): Promise<StoreWriter>;
  /** Replaces what is kept under `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Runs `task` while no other tab runs one for the same name. */
  exclusively(name: string, task: () => Promise<void>): Promise<void>;
  /** What cannot be removed stays. */
  remove(name: string): Promise<void>;
  /** Names of all files. */
  list(): Promise<string[]>;
}

export interface StoreWriter {
  /** Fails where there is no room. */
  write(chunk: Uint8Array): void | Promise<void>;
  close(): void | Promise<void>;
}

/**
 * A name for what is not yet whole: each time another, so that no two tabs or processes ever write
 * one file.
 */
export const newPart = (name: string): string =>
  `${name}.${crypto.getRandomValues(new Uint32Array(2)).join('')}.part`;

/** Whether a file is a part of that of `name`; older versions had one part, without a number. */
export const isPartOf = (part: string, name: string): boolean =>
  part.startsWith(`${name}.`) && /^(\d+\.)?part$/.test(part.slice(name.length + 1));

/** What is kept of a file that is not yet whole. */
export const partsOf = async (store: FileStore, name: string): Promise<string[]> =>
  (await store.list().catch(() => [])).filter((part) => isPartOf(part, name));

export async function removeParts(store: FileStore, name: string): Promise<void> {
  for (const part of await partsOf(store, name)) await store.remove(part);
}

/** A small file in one piece; null where there is none, or one of more than `most` bytes. */
export async function readSmall(
  store: FileStore,
  name: string,
  most: number,
): Promise<Uint8Array | null> {
  const size = await store.size(name);
  if (size === 0 || size > most) return null;
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
    // Its own, where that failed, and those of others that ended in the middle.
    await removeParts(store, name);
  }
}
