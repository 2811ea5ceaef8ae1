/** Models on a hub or at an address. */
import * as z from 'zod/mini';
import { AtlasError } from '../errors.ts';
import type { ModelFiles } from '../model/files.ts';
import { HUB, parseReference } from '../model/remote/reference.ts';
import { remoteFiles } from '../model/remote/remote-files.ts';
import { parsedArguments, refuseOthers } from './options.ts';

const schema = z.object({ name: z.string(), hub: z.string(), token: z.optional(z.string()) });

/** Which hub, with which token. */
export interface HubOptions {
  /** The hub's address. Default: https://huggingface.co. */
  hub?: string;
  /** For repositories that require a token. Sent to the hub only, not to other addresses. */
  token?: string;
  /** Also stops the downloads when the model is opened. */
  signal?: AbortSignal;
}

/**
 * `name` is `owner/name`, `owner/name@revision` or the address of a graph. Fetches the file list
 * now, and the files when the model is opened. Nothing is cached. Throws `hub-missing`,
 * `hub-closed`, `offline`, `remote-file`, and `bad-argument` for a wrong name or option.
 */
export async function hubModel(
  name: string,
  { hub = HUB, token, signal, ...others }: HubOptions = {},
): Promise<ModelFiles> {
  refuseOthers(others);
  parsedArguments(schema, { name, hub, token });
  const address = hub.replace(/\/+$/, '');
  const reference = parseReference(name, address);
  if (!reference)
    throw new AtlasError('bad-argument', {
      at: 'name',
      why: `"${name.slice(0, 100)}" is neither a repository nor the address of an .onnx file`,
    });
  return remoteFiles(reference, {
    hub: address,
    store: null,
    ...(token && reference.kind === 'hub' && { headers: { Authorization: `Bearer ${token}` } }),
    ...(signal && { signal }),
  });
}
