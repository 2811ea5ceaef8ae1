/**
 * The common interface to a model's files: bundled with the page (`bundled-files.ts`), picked or
 * dropped (`picked-files.ts`), on disk (`node-files.ts`), on a hub (`remote/hub.ts`) or at a URL
 * (`remote/url.ts`).
 */
import { AtlasError } from '../errors.ts';
import { refusePointer } from './lfs.ts';
import { READ_LIMITS } from './limits.ts';
import { describeBytes } from './figures.ts';

/** One file. */
export interface ModelFile {
  /** Relative to the model's folder, with forward slashes: `onnx/model_q4.onnx`. */
  path: string;
  bytes: number;
  /** The whole content in order, in pieces. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** A model as a list of files, none of them read yet. */
export interface ModelFiles {
  /** As in an experiment: `bundled:atlas-3m`, `files:SmolLM2-135M`, `hub:owner/name@commit`. */
  id: string;
  /** Display name. */
  title: string;
  files: readonly ModelFile[];
  /** Path of the graph if the user named one file. */
  graph?: string;
  /**
   * A file that `files` does not list, by its path, since a graph may store weights in unusual
   * places. null if it does not exist.
   */
  other?(path: string): Promise<ModelFile | null>;
}

/** Throws `too-long` if `bytes` exceeds `maxBytes`. */
export function refuseLonger(file: string, bytes: number, maxBytes: number): void {
  if (bytes > maxBytes)
    throw new AtlasError('too-long', { file, allowed: describeBytes(maxBytes) });
}

/**
 * Reads the content into one buffer and passes every piece to `onChunk`. Throws `too-long` above
 * `maxBytes`, `cut-off` or `no-file` if it is shorter or longer than listed, and `lfs-pointer`.
 */
export async function readFile(
  file: ModelFile,
  maxBytes: number = READ_LIMITS.tokenizer,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  refuseLonger(file.path, file.bytes, maxBytes);
  const out = new Uint8Array(file.bytes);
  let at = 0;
  for await (const chunk of file.chunks()) {
    // Stop at the listed size: the source may be endless.
    if (at + chunk.length > out.length)
      throw new AtlasError('no-file', {
        file: file.path,
        why: `it is longer than its declared ${out.length} bytes`,
      });
    out.set(chunk, at);
    at += chunk.length;
    onChunk(chunk);
  }
  if (at !== out.length)
    throw new AtlasError('cut-off', { file: file.path, why: `${at} of ${out.length} bytes` });
  refusePointer(out, file.path);
  return out;
}

/**
 * The pieces of a web stream. Stopping early cancels the rest. Not every browser can iterate a
 * stream natively.
 */
export async function* streamChunks(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // After the end or an error there is nothing to cancel.
    void reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
