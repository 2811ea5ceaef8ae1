/** Models on a hub or at an address. */
import { AtlasError } from '../errors.ts';
import type { ModelFiles } from '../model/files.ts';
import { HUB, parseReference } from '../model/remote/reference.ts';
import { remoteFiles } from '../model/remote/remote-files.ts';

/** Which hub, and who asks. */
export interface HubOptions {
  /** The hub's address without a trailing slash. Default: huggingface.co. */
  hub?: string;
  /** For repositories that require a token. Sent to the hub only. */
  token?: string;
  signal?: AbortSignal;
}

/**
 * `name` is `owner/name`, `owner/name@revision` or the address of a graph. Fetches the file list
 * now, and the files when the model is opened. Nothing is cached. Throws `hub-missing`,
 * `hub-closed`, `offline`, `remote-file`, and `usage` if the name has another form.
 */
export async function hubModel(
  name: string,
  { hub = HUB, token, signal }: HubOptions = {},
): Promise<ModelFiles> {
  const reference = parseReference(name, hub);
  if (!reference)
    throw new AtlasError('usage', { why: `"${name.slice(0, 100)}" does not name a model` });
  return remoteFiles(reference, {
    hub,
    store: null,
    ...(token && { headers: { Authorization: `Bearer ${token}` } }),
    ...(signal && { signal }),
  });
}
