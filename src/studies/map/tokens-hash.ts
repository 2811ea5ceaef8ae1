/** Identifies a batch by the hash of its tokens. */
import { sha256 } from '../../model/sha256.ts';

/** sha-256 of the ids as little-endian int32, independent of the machine's byte order. */
export function tokensHash(ids: Int32Array): string {
  const bytes = new Uint8Array(ids.length * 4);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, i) => view.setInt32(4 * i, id, true));
  return sha256(bytes);
}
