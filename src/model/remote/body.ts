/** Answers of servers that are read at once. */
import { refuseLonger, streamChunks } from '../files.ts';

/**
 * Content as it is, so that its length is the announced one. Browsers decide on this header
 * themselves, and pass over it.
 */
export const AS_IT_IS = { 'Accept-Encoding': 'identity' };

/**
 * The body in one buffer. Throws `too-long` for one that goes on past `most` bytes, whatever length
 * it announced.
 */
export async function bodyOf(
  response: Response,
  most: number,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body) {
    for await (const chunk of streamChunks(response.body)) {
      size += chunk.length;
      refuseLonger(file, size, most);
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
