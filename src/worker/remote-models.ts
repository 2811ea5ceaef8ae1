/**
 * Models on a hub or at an address, for the worker: their files, the graphs a repository offers,
 * and the cached repositories.
 */
import { AtlasError } from '../errors.ts';
import type { ModelFiles } from '../model/files.ts';
import type { Transfer } from '../model/remote/download.ts';
import {
  forgetRepository,
  hubListing,
  cachedRepositories,
  variantsOf,
} from '../model/remote/hub.ts';
import { referenceOf, type RemoteReference } from '../model/remote/reference.ts';
import { remoteFiles } from '../model/remote/remote-files.ts';
import type { RemoteSource, Requests } from './protocol.ts';

/** Throws `bad-spec` for an invalid id. */
function reference({ id, hub }: RemoteSource): RemoteReference {
  const found = referenceOf(id, hub);
  if (!found) throw new AtlasError('bad-spec', { at: 'model.id', why: 'it is not a remote model' });
  return found;
}

/** Throws what `remoteFiles` throws. */
export const filesOf = (source: RemoteSource, transfer: Transfer): Promise<ModelFiles> =>
  remoteFiles(reference(source), { ...transfer, hub: source.hub });

/** Throws what `hubListing` throws. */
export async function variants(
  { source }: Requests['variants']['ask'],
  transfer: Transfer,
): Promise<Requests['variants']['answer']> {
  const asked = reference(source);
  if (asked.kind !== 'hub') return { repository: '', commit: '', variants: [] };
  const { repository, commit, files } = await hubListing(asked, { ...transfer, hub: source.hub });
  const all = await variantsOf(files, transfer.store);
  return {
    repository,
    commit,
    variants: asked.graph === undefined ? all : all.filter((v) => v.graph === asked.graph),
  };
}

export const cachedModels = async (
  { hub }: Requests['cachedModels']['ask'],
  { store }: Transfer,
): Promise<Requests['cachedModels']['answer']> => ({
  repositories: store ? await cachedRepositories(store, hub) : [],
});

export async function forget(
  { hub, repository }: Requests['forgetModel']['ask'],
  { store }: Transfer,
): Promise<Record<string, never>> {
  if (store) await forgetRepository(store, hub, repository);
  return {};
}
