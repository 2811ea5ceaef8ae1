/**
 * A model by the URL of its graph. Servers do not list folders, so the usual file names are
 * requested next to the graph and in the folders above it within the same repository.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { companionFilesOf, foldersAbove } from '../companion-files.ts';
import type { ModelFile, ModelFiles } from '../files.ts';
import { READ_LIMITS } from '../limits.ts';
import { Sha256 } from '../sha256.ts';
import { AS_IT_IS, bodyOf } from './body.ts';
import { download, type RemoteFile, type Transfer } from './download.ts';
import { referenceId, type UrlReference } from './reference.ts';
import { versionOf } from './version.ts';

/** Small files in a model's folder that are read or included in an export. */
const COMPANION_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'genai_config.json',
];
/** The search upwards stops at a folder with these. */
const LEADERS = ['config.json', 'tokenizer.json'];
/** Suffixes that exporters use for external weight files. */
const WEIGHTS = ['_data', '.data', '_data_1', '_data_2', '_data_3'];

/**
 * The model at a URL. Requests only headers, except for the small files. Throws `remote-file`,
 * `offline`, `too-long` and `cancelled`.
 */
export async function urlFiles(reference: UrlReference, transfer: Transfer): Promise<ModelFiles> {
  const url = new URL(reference.url);
  const path = pathInRepository(url.pathname);
  const folders = foldersAbove(path);
  const name = path.slice(elementAt(folders, 0).length);
  const at = (folder: number, file: string) =>
    Object.assign(new URL(`./${'../'.repeat(folder)}${encodeURIComponent(file)}`, url), {
      search: url.search,
    }).href;
  const graph = await head(path, url.href, transfer);
  if (!graph) throw new AtlasError('remote-file', { file: name, host: url.host, status: 404 });
  const weights = await Promise.all(
    WEIGHTS.map((end) => head(path + end, at(0, name + end), transfer)),
  );
  const small: ModelFile[] = [];
  // Search upwards only until the files are found. `companion-files.ts` decides which
  // folder's files are used.
  for (const [i, folder] of folders.entries()) {
    const found = await Promise.all(
      COMPANION_FILES.map((file) => whole(folder + file, at(i, file), transfer)),
    );
    small.push(...found.filter((file) => file !== null));
    const there = companionFilesOf(small, path);
    if (LEADERS.every((name) => there.has(name))) break;
  }
  const large = [graph, ...weights].filter((file) => file !== null);
  return {
    id: referenceId(reference),
    title: name.replace(/\.onnx$/, ''),
    files: [
      ...large.map((file) => ({
        path: file.path,
        bytes: file.bytes,
        chunks: () => download(file, transfer),
      })),
      ...small,
    ],
    graph: graph.path,
  };
}

/**
 * The graph's path relative to its repository, as far as the URL shows it: after
 * `/resolve/REVISION/` as on hubs, or in `onnx/`. Otherwise the graph's own folder is the root.
 */
function pathInRepository(pathname: string): string {
  const path =
    /\/(?:resolve|raw)\/[^/]+\/(.+)$/.exec(pathname)?.[1] ??
    /(?:^|\/)(onnx\/[^/]+)$/.exec(pathname)?.[1] ??
    pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a lone % is not an escape
  }
}

/** Size of a file, and a cache name if the server gives a version; null if it does not exist. */
async function head(path: string, url: string, transfer: Transfer): Promise<RemoteFile | null> {
  const response = await lengthOf(path, url, transfer);
  if (!response) return null;
  // The length of compressed content is not that of the file.
  const isPlain = [null, 'identity'].includes(response.headers.get('content-encoding'));
  const bytes = isPlain ? Number(response.headers.get('content-length') ?? NaN) : NaN;
  const version = versionOf(response.headers);
  const { etag, modified } = version;
  if (!Number.isSafeInteger(bytes))
    throw new AtlasError('remote-file', {
      file: path,
      host: new URL(url).host,
      status: 'no Content-Length',
    });
  const name =
    etag === null && modified === null
      ? null
      : new Sha256()
          .update(new TextEncoder().encode(JSON.stringify([url, bytes, etag, modified])))
          .hex();
  return { path, url, bytes, name, version };
}

/**
 * With a range, browsers request uncompressed content, so the length is that of the file. Some
 * servers do not allow pages to request ranges; then retry without.
 */
const lengthOf = (path: string, url: string, transfer: Transfer): Promise<Response | null> =>
  ask(
    path,
    url,
    { ...transfer, headers: { ...transfer.headers, Range: 'bytes=0-' } },
    'HEAD',
  ).catch((error: unknown) => {
    if (error instanceof AtlasError && error.code === 'offline')
      return ask(path, url, transfer, 'HEAD');
    throw error;
  });

/**
 * A small file, fetched immediately: servers compress such files, so their length is known only
 * afterwards.
 */
async function whole(path: string, url: string, transfer: Transfer): Promise<ModelFile | null> {
  const response = await ask(path, url, transfer, 'GET');
  if (!response) return null;
  const content = await bodyOf(
    response,
    path.endsWith('tokenizer.json') ? READ_LIMITS.tokenizer : READ_LIMITS.smallFile,
    path,
  );
  return {
    path,
    bytes: content.length,
    async *chunks() {
      yield content;
    },
  };
}

/** null if the server has no such file or answers with an HTML page. */
async function ask(
  path: string,
  url: string,
  { headers, signal }: Transfer,
  method: 'HEAD' | 'GET',
): Promise<Response | null> {
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers: { ...AS_IT_IS, ...headers },
      referrerPolicy: 'no-referrer',
      ...(signal && { signal }),
    });
  } catch (cause) {
    throw signal?.aborted
      ? new AtlasError('cancelled', {}, { cause })
      : new AtlasError('offline', { host }, { cause });
  }
  if (
    response.status === 404 ||
    response.status === 403 ||
    response.headers.get('content-type')?.startsWith('text/html')
  )
    return null;
  if (!response.ok)
    throw new AtlasError('remote-file', { file: path, host, status: response.status });
  return response;
}
