/**
 * The reference tokenizer library on the page, fetched when the first tokenizer is read. Node's
 * twin is `tokenizers.node.ts`.
 */
import { AtlasError } from '../errors.ts';
import address from './gen/tokenizers.wasm?url';

/**
 * The bytes of the WebAssembly module. Throws `remote-file` or `offline` where they cannot be had.
 */
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
