/**
 * Unpacking off the page's own thread: what a zip turns out to hold, and however long it takes, the
 * page goes on.
 */
import { AtlasError } from '../errors.ts';
import type { ZipEntry } from '../model/zip.ts';

export interface UnzipJob {
  entry: Omit<ZipEntry, 'packed'>;
  /** The entry's bytes as they lie in the zip. */
  packed: Blob;
  most: number;
}

export type UnzipAnswer = { content: Uint8Array<ArrayBuffer> } | { why: string };

/**
 * The content of an entry of `zip`, in a thread of its own that ends with it. Throws what
 * `unzipped` throws.
 */
export function unzippedInThread(
  zip: Blob,
  { packed, ...entry }: ZipEntry,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const worker = new Worker(new URL('./unzip-thread.ts', import.meta.url), { type: 'module' });
  const answered = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<UnzipAnswer>) =>
      'why' in data ? reject(new Error(data.why)) : resolve(data.content);
    worker.onerror = (event) => {
      event.preventDefault();
      // Without a message its code could not be fetched.
      reject(event.message ? new Error(event.message) : new AtlasError('missing-part'));
    };
  });
  worker.postMessage({
    entry,
    packed: zip.slice(packed.byteOffset, packed.byteOffset + packed.length),
    most,
  } satisfies UnzipJob);
  return answered.finally(() => worker.terminate());
}
