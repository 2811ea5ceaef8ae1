/**
 * Unpacks zip entries in another thread, so that the page stays responsive whatever the zip holds.
 */
import { AtlasError } from '../errors.ts';
import type { ZipEntry } from '../model/zip.ts';

export interface UnzipJob {
  entry: Omit<ZipEntry, 'packed'>;
  /** The entry's bytes, still compressed. */
  packed: Blob;
  maxBytes: number;
}

export type UnzipAnswer = { content: Uint8Array<ArrayBuffer> } | { why: string };

/**
 * Returns the content of an entry of `zip`, unpacked in its own thread. Throws what `unzipped`
 * throws, and `missing-part`.
 */
export function unzippedInThread(
  zip: Blob,
  { packed, ...entry }: ZipEntry,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const worker = new Worker(new URL('./unzip-thread.ts', import.meta.url), { type: 'module' });
  const answered = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<UnzipAnswer>) =>
      'why' in data ? reject(new Error(data.why)) : resolve(data.content);
    worker.onerror = (event) => {
      event.preventDefault();
      // An error without a message means that the thread's code could not be fetched.
      reject(event.message ? new Error(event.message) : new AtlasError('missing-part'));
    };
  });
  worker.postMessage({
    entry,
    packed: zip.slice(packed.byteOffset, packed.byteOffset + packed.length),
    maxBytes,
  } satisfies UnzipJob);
  return answered.finally(() => worker.terminate());
}
