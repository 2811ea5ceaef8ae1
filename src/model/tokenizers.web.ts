/**
 * Loads the reference tokenizer library on the page, when the first tokenizer is read.
 * `tokenizers.node.ts` is the counterpart for Node.
 */
import { AtlasError } from '../errors.ts';
import address from './gen/tokenizers.wasm?url';

/** The bytes of the WebAssembly module. Throws `remote-file` or `offline` if the request fails. */
export async function tokenizersModule(): Promise<BufferSource> {
  const url = new URL(address, import.meta.url);
  const response = await fetch(url).catch((cause: unknown) => {
    throw new AtlasError('offline', { host: url.host }, { cause });
  });
  if (!response.ok)
    throw new AtlasError('remote-file', {
      host: url.host,
      file: 'tokenizers.wasm',
      status: response.status,
    });
  return response.arrayBuffer();
}
