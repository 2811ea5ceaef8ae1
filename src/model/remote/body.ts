/** Reads small server responses into memory. */
import { refuseLonger, streamChunks } from '../files.ts';

/**
 * Requests uncompressed content, so that its length is the announced one. Browsers set this header
 * themselves and ignore ours.
 */
export const AS_IT_IS = { 'Accept-Encoding': 'identity' };

/** The body in one buffer. Throws `too-long` above `maxBytes`, whatever length was announced. */
export async function bodyOf(
  response: Response,
  maxBytes: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body) {
    for await (const chunk of streamChunks(response.body)) {
      size += chunk.length;
      refuseLonger(file, size, maxBytes);
      chunks.push(chunk);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
