/**
 * A repository on a model hub: its listing, and its files as a model's files. Uses Hugging Face's
 * API (`/api/models/…/revision/…?blobs=true`, `/…/resolve/…`), which mirrors also provide.
 *
 * A listing names the commit, so an experiment that names the commit always means the same bytes.
 * Files are cached by the digest of their content.
 */
import { AtlasError } from '../../errors.ts';
import { graphsIn, modelFilesOf } from '../companion-files.ts';
import { describeCount } from '../figures.ts';
import type { ModelFiles } from '../files.ts';
import { isCount, isObject, parseJson, type JsonObject } from '../json.ts';
import { READ_LIMITS } from '../limits.ts';
import { AS_IT_IS, bodyOf } from './body.ts';
import { download, type RemoteFile, type Transfer } from './download.ts';
import { readSmall, removeParts, writeSmall, type FileStore } from './file-store.ts';
import { referenceId, type HubReference } from './reference.ts';

export interface HubListing {
  repository: string;
  /** The commit that the revision resolved to. */
  commit: string;
  files: readonly RemoteFile[];
  /**
   * The listing includes files in folders. Listings cached by older versions include only the root
   * and `onnx/`.
   */
  folders?: true;
}

export interface HubAccess extends Transfer {
  /** The hub's address without a trailing slash: `https://huggingface.co`. */
  hub: string;
}

/** Accepted file names and folder depth. */
const MODEL_FILE = /^([A-Za-z0-9_][A-Za-z0-9._+-]*\/){0,6}[A-Za-z0-9_][A-Za-z0-9._+-]*$/;
const COMMIT = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const GIT_BLOB = /^[0-9a-f]{40}$/;

/**
 * Lists a repository. A cached listing of the requested commit is used without a request. Without a
 * connection the last cached listing is used if it fits the revision. Throws `hub-missing`,
 * `hub-closed`, `offline`, `remote-file`, `too-long` and `cancelled`.
 */
export async function hubListing(
  { repository, revision }: HubReference,
  access: HubAccess,
): Promise<HubListing> {
  const { hub, store } = access;
  const cached = store && (await cachedListing(store, hub, repository));
  if (cached?.commit === revision && cached.folders) return cached;
  let response: Response;
  let body: Uint8Array;
  try {
    response = await fetch(
      `${hub}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`,
      {
        headers: { ...AS_IT_IS, ...access.headers },
        referrerPolicy: 'no-referrer',
        ...(access.signal && { signal: access.signal }),
      },
    );
    body = response.ok ? await bodyOf(response, READ_LIMITS.listing, repository) : new Uint8Array();
  } catch (cause) {
    if (cause instanceof AtlasError) throw cause;
    if (access.signal?.aborted) throw new AtlasError('cancelled', {}, { cause });
    if (cached && (cached.commit === revision || !COMMIT.test(revision))) return cached;
    throw new AtlasError('offline', { host: new URL(hub).host }, { cause });
  }
  if (!response.ok) throw refusal(response, repository, hub);
  const listing = listingOf(body, repository, hub);
  // If there is no room to cache the listing, it is requested again next time.
  if (store)
    await writeSmall(
      store,
      listingName(hub, repository),
      new TextEncoder().encode(JSON.stringify(listing)),
    ).catch(() => undefined);
  return listing;
}

/**
 * Anonymous requests for unknown repositories get "not authorised". A header identifies
 * gated repositories.
 */
function refusal(response: Response, repository: string, hub: string): AtlasError {
  const host = new URL(hub).host;
  const { status } = response;
  const code = response.headers.get('x-error-code');
  if (code === 'GatedRepo' || status === 403)
    return new AtlasError('hub-closed', { host, repository });
  if (status === 404 || status === 401)
    return new AtlasError('hub-missing', { host, repository, status });
  return new AtlasError('remote-file', { file: repository, host, status });
}

/** Parses the hub's response. Throws `remote-file`. */
function listingOf(body: Uint8Array, repository: string, hub: string): HubListing {
  const refuse = (status: string) =>
    new AtlasError('remote-file', { file: repository, host: new URL(hub).host, status });
  const answer = jsonIn(body);
  if (
    !isObject(answer) ||
    typeof answer.sha !== 'string' ||
    !COMMIT.test(answer.sha) ||
    !Array.isArray(answer.siblings)
  )
    throw refuse('no file list');
  const commit = answer.sha;
  const all = (answer.siblings as unknown[]).map((entry) => {
    if (!isObject(entry)) return null;
    const sha256 = textOf(isObject(entry.lfs) ? entry.lfs.sha256 : undefined, SHA256);
    const gitBlob = textOf(entry.blobId, GIT_BLOB);
    return fileOf(
      { path: entry.rfilename, bytes: entry.size, name: sha256 ?? gitBlob },
      `${hub}/${repository}/resolve/${commit}`,
    );
  });
  // A repository may hold thousands of unrelated files.
  const files = modelFilesOf(all.filter((file) => file !== null));
  if (files.length > READ_LIMITS.files)
    throw refuse(`more than ${describeCount(READ_LIMITS.files)} model files`);
  return { repository, commit, files, folders: true };
}

/** null if the bytes are not JSON. */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes).value;
  } catch {
    return null;
  }
}

const textOf = (value: unknown, form: RegExp): string | null =>
  typeof value === 'string' && form.test(value) ? value : null;

/**
 * A file from its listing entry; `name` is its digest. null if it is not a possible model file.
 * `folder` is the repository's URL at the commit.
 */
function fileOf({ path, bytes, name }: JsonObject, folder: string): RemoteFile | null {
  if (typeof path !== 'string' || !MODEL_FILE.test(path) || !isCount(bytes)) return null;
  const sha256 = textOf(name, SHA256);
  const gitBlob = textOf(name, GIT_BLOB);
  return {
    path,
    bytes,
    url: `${folder}/${path.split('/').map(encodeURIComponent).join('/')}`,
    name: sha256 ?? gitBlob,
    ...(sha256 !== null && { sha256 }),
    ...(gitBlob !== null && { gitBlob }),
  };
}

/** The repository's files as a model's files, at the commit of the listing. */
export function hubFiles(
  { graph }: HubReference,
  listing: HubListing,
  access: HubAccess,
): ModelFiles {
  const { repository, commit, files } = listing;
  return {
    id: referenceId({
      kind: 'hub',
      repository,
      revision: commit,
      ...(graph !== undefined && { graph }),
    }),
    title: repository.slice(repository.indexOf('/') + 1),
    files: files.map((file) => ({
      path: file.path,
      bytes: file.bytes,
      chunks: () => download(file, access),
    })),
    ...(graph !== undefined && { graph }),
  };
}

const LISTING = /^hub (.+) (.+) (.+)\.json$/;
const listingName = (hub: string, repository: string) =>
  `hub ${new URL(hub).host.replaceAll(':', '_')} ${repository.replace('/', ' ')}.json`;

async function cachedListing(
  store: FileStore,
  hub: string,
  repository: string,
): Promise<HubListing | null> {
  try {
    const bytes = await readSmall(store, listingName(hub, repository), READ_LIMITS.listing);
    return bytes && readListing(bytes, hub, repository);
  } catch {
    return null; // unreadable: request it again
  }
}

/** null if another version wrote it or it is damaged. */
function readListing(bytes: Uint8Array, hub: string, repository: string): HubListing | null {
  const value = jsonIn(bytes);
  if (
    !isObject(value) ||
    typeof value.commit !== 'string' ||
    !COMMIT.test(value.commit) ||
    !Array.isArray(value.files)
  )
    return null;
  const { commit } = value;
  const files = (value.files as unknown[]).map((file) =>
    isObject(file) ? fileOf(file, `${hub}/${repository}/resolve/${commit}`) : null,
  );
  return files.every((file) => file !== null)
    ? { repository, commit, files, ...(value.folders === true && { folders: true }) }
    : null;
}

/** A graph of a repository, with its external weight files. */
export interface Variant {
  graph: string;
  bytes: number;
  /** True if all of it is cached. */ cached: boolean;
}

/** The graphs of a repository. Sizes exclude its small files. */
export async function variantsOf(
  files: readonly RemoteFile[],
  store: FileStore | null,
): Promise<Variant[]> {
  return Promise.all(
    graphsIn(files).map(async ({ graph, bytes, parts }) => {
      const whole = await Promise.all(
        parts.map(
          async (f) => store !== null && f.name !== null && (await store.size(f.name)) === f.bytes,
        ),
      );
      return { graph, bytes, cached: whole.every((w) => w) };
    }),
  );
}

/** A repository with cached files. */
export interface CachedRepository {
  repository: string;
  commit: string;
  bytes: number;
}

/** Repositories of this hub with at least one completely cached graph. */
export async function cachedRepositories(
  store: FileStore,
  hub: string,
): Promise<CachedRepository[]> {
  const cached: CachedRepository[] = [];
  const names = new Set(await store.list());
  for (const name of names) {
    const [, , owner, repository] = LISTING.exec(name) ?? [];
    if (
      owner === undefined ||
      repository === undefined ||
      name !== listingName(hub, `${owner}/${repository}`)
    )
      continue;
    const listing = await cachedListing(store, hub, `${owner}/${repository}`);
    if (!listing) continue;
    const files = listing.files.filter((f) => f.name !== null && names.has(f.name));
    if (files.some((f) => f.path.endsWith('.onnx')))
      cached.push({
        repository: listing.repository,
        commit: listing.commit,
        bytes: files.reduce((sum, f) => sum + f.bytes, 0),
      });
  }
  return cached;
}

/** Removes a repository from the cache, except files that another cached repository shares. */
export async function forgetRepository(
  store: FileStore,
  hub: string,
  repository: string,
): Promise<void> {
  const listing = await cachedListing(store, hub, repository);
  await store.remove(listingName(hub, repository));
  if (!listing) return;
  const others = new Set<string | null>();
  for (const name of await store.list()) {
    const [, , owner, other] = LISTING.exec(name) ?? [];
    if (owner === undefined) continue;
    const bytes = await readSmall(store, name, READ_LIMITS.listing);
    for (const file of (bytes && readListing(bytes, hub, `${owner}/${other}`))?.files ?? [])
      others.add(file.name);
  }
  for (const { name } of listing.files) {
    if (name === null || others.has(name)) continue;
    await store.remove(name);
    await removeParts(store, name);
  }
}
