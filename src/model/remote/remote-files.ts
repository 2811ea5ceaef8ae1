/** Opens a remote model by any kind of reference. */
import type { ModelFiles } from '../files.ts';
import { hubFiles, hubListing, type HubAccess } from './hub.ts';
import type { RemoteReference } from './reference.ts';
import { urlFiles } from './url.ts';

/**
 * The files of the model. Large files are fetched when read. Throws what `hubListing` and
 * `urlFiles` throw.
 */
export async function remoteFiles(
  reference: RemoteReference,
  access: HubAccess,
): Promise<ModelFiles> {
  if (reference.kind === 'url') return urlFiles(reference, access);
  return hubFiles(reference, await hubListing(reference, access), access);
}
