/**
 * Loads the reference tokenizer library on the page, when the first tokenizer is read.
 * `tokenizers.node.ts` is the counterpart for Node.
 */
import { AtlasError } from '../errors.ts';

/** The bytes of the WebAssembly module. Throws `remote-file` or `offline` if the request fails. */
export async function tokenizersModule(): Promise<BufferSource> {
  // Two folders up and down again: so it holds for the packed library (`lib/web/`), too.
  const url = new URL('../../src/model/gen/tokenizers.wasm', import.meta.url);
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
