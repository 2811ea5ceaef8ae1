/** A model elsewhere, whichever way it is named. */
import type { ModelFiles } from '../files.ts';
import { hubFiles, hubListing, type HubAccess } from './hub.ts';
import type { RemoteReference } from './reference.ts';
import { urlFiles } from './url.ts';

/**
 * Its files; nothing large is fetched before it is read. Throws what `hubListing` and `urlFiles`
 * throw.
 */
export async function remoteFiles(
  reference: RemoteReference,
  access: HubAccess,
): Promise<ModelFiles> {
  if (reference.kind === 'url') return urlFiles(reference, access);
  return hubFiles(reference, await hubListing(reference, access), access);
}
