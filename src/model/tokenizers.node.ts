/**
 * Loads the reference tokenizer library in Node. `tokenizers.web.ts` is the counterpart for the
 * page.
 */
import { readFile } from 'node:fs/promises';

/** The bytes of the WebAssembly module. */
export async function tokenizersModule(): Promise<BufferSource> {
  // Two folders up and down again: so it holds for the packed library (`lib/node/`), too.
  return readFile(new URL('../../src/model/gen/tokenizers.wasm', import.meta.url));
}
