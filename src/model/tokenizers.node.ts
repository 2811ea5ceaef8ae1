/** The reference tokenizer library in Node. The page's twin is `tokenizers.web.ts`. */
import { readFile } from 'node:fs/promises';

/** The bytes of the WebAssembly module. */
export async function tokenizersModule(): Promise<BufferSource> {
  return readFile(new URL('./gen/tokenizers.wasm', import.meta.url));
}
