/**
 * The one interface behind which a model's files lie: bundled with the page (`bundled-files.ts`),
 * picked or dropped (`picked-files.ts`), on disk (`node-files.ts`), on a hub (`remote/hub.ts`) or
 * at an address (`remote/url.ts`).
 */
import { AtlasError } from '../errors.ts';
import { refusePointer } from './lfs.ts';
import { MOST } from './limits.ts';
import { describeBytes } from './figures.ts';

export interface ModelFile {
  /** Relative to the model's folder, forward slashes: `onnx/model_q4.onnx`. */
  path: string;
  bytes: number;
  /** The whole content, piece by piece, in order. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface ModelFiles {
  /**
   * As an experiment names it: `bundled:atlas-3m`, `files:SmolLM2-135M`, `hub:owner/name@commit`.
   */
  id: string;
  /** For people. */
  title: string;
  files: readonly ModelFile[];
  /** Path of the graph, where the user named one file. */
  graph?: string;
  /**
   * A file that `files` does not list, by its path: a graph may keep weights where nobody would
   * look. Null where there is none.
   */
  other?(path: string): Promise<ModelFile | null>;
}

/** Throws `too-long`. */
export function refuseLonger(file: string, bytes: number, most: number): void {
  if (bytes > most) throw new AtlasError('too-long', { file, allowed: describeBytes(most) });
}

/**
 * The content in one buffer; `onChunk` sees every piece as it comes. Throws `too-long` for more
 * than `most` bytes, `cut-off` or `no-file` when it is shorter or longer than listed,
 * `lfs-pointer`.
 */
export async function readFile(
  file: ModelFile,
  most: number = MOST.tokenizer,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): Promise<Uint8Array> {
  refuseLonger(file.path, file.bytes, most);
  const out = new Uint8Array(file.bytes);
  let at = 0;
  for await (const chunk of file.chunks()) {
    // It may grow for ever: nothing behind its listed end is waited for.
    if (at + chunk.length > out.length)
      throw new AtlasError('no-file', {
        file: file.path,
        why: `it goes on behind its ${out.length} bytes`,
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
 * The pieces of a web stream; whoever stops early lets go of the rest. (Not every browser can
 * iterate one by itself.)
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
    // At the end, or after an error, there is nothing to cancel.
    void reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
