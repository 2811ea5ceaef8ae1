/**
 * Loads the reference tokenizer library in Node. `tokenizers.web.ts` is the counterpart for the
 * page.
 */
import { readFile } from 'node:fs/promises';

/** The bytes of the WebAssembly module. */
export async function tokenizersModule(): Promise<BufferSource> {
  return readFile(new URL('./gen/tokenizers.wasm', import.meta.url));
}
