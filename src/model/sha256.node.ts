/** SHA-256 in Node, whose own hash takes pieces without a copy. `sha256.web.ts` is for browsers. */
import { createHash } from 'node:crypto';

/** Lower-case hex of the hash of `pieces` in order. */
export async function sha256Of(pieces: readonly Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
