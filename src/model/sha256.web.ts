/** SHA-256 in browsers: WebCrypto, or JavaScript where that is missing or would copy too much. */
import { sha256 } from './sha256.ts';

/** Bytes above which WebCrypto is not used: it needs all bytes in one buffer, and copies it. */
const MAX_COPY = 2 ** 28;

/** Lower-case hex of the hash of `pieces` in order. */
export async function sha256Of(pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  // Pages served over plain http have no `subtle`.
  const { subtle } = crypto as { subtle?: SubtleCrypto };
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (!subtle || size > MAX_COPY) return sha256(...pieces);
  const [first] = pieces;
  const bytes = first?.length === size ? first : await new Blob([...pieces]).arrayBuffer();
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
