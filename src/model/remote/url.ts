/**
 * A model by the address of its graph. No server lists a folder: beside the graph, then in the
 * folders above it as far as they can belong to the same repository, the files a hub repository
 * would have are asked for by name.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { filesBeside, foldersAbove } from '../beside.ts';
import type { ModelFile, ModelFiles } from '../files.ts';
import { MOST } from '../limits.ts';
import { Sha256 } from '../sha256.ts';
import { AS_IT_IS, bodyOf } from './body.ts';
import { download, type RemoteFile, type Transfer } from './download.ts';
import { referenceId, type UrlReference } from './reference.ts';
import { versionOf } from './version.ts';

/** Small files in a model's folder that are read or passed on with an export. */
const BESIDE = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'genai_config.json',
];
/** Where these are found there is nothing to look for further up. */
const LEADERS = ['config.json', 'tokenizer.json'];
/** What exporters call the file they put weights in. */
const WEIGHTS = ['_data', '.data', '_data_1', '_data_2', '_data_3'];

/**
 * The model at an address. Only headers are asked for, but for the small files. Throws
 * `remote-file`, `offline`, `cancelled`.
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
  // Upwards only for what is not there yet: which folder's files count is told by `beside.ts`.
  for (const [i, folder] of folders.entries()) {
    const found = await Promise.all(
      BESIDE.map((file) => whole(folder + file, at(i, file), transfer)),
    );
    small.push(...found.filter((file) => file !== null));
    const there = filesBeside(small, path);
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
 * The graph's path from the root of its repository, where the address tells it: behind
 * `/resolve/REVISION/` as hubs have it, in `onnx/`, or else the graph's own folder is the root.
 */
function pathInRepository(pathname: string): string {
  const path =
    /\/(?:resolve|raw)\/[^/]+\/(.+)$/.exec(pathname)?.[1] ??
    /(?:^|\/)(onnx\/[^/]+)$/.exec(pathname)?.[1] ??
    pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a lone % is no escape
  }
}

/**
 * A file's size, and a name of its content where the server tells a version of it; null where there
 * is none.
 */
async function head(path: string, url: string, transfer: Transfer): Promise<RemoteFile | null> {
  const response = await lengthOf(path, url, transfer);
  if (!response) return null;
  // What is compressed all the same tells the length of something else.
  const isPlain = [null, 'identity'].includes(response.headers.get('content-encoding'));
  const bytes = isPlain ? Number(response.headers.get('content-length') ?? NaN) : NaN;
  const version = versionOf(response.headers);
  const { etag, modified } = version;
  if (!Number.isSafeInteger(bytes))
    throw new AtlasError('remote-file', {
      file: path,
      host: new URL(url).host,
      status: 'no length',
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
 * With a range, browsers ask for content as it is: only then is the length the content's own. Not
 * every one lets a page ask for a range.
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
 * A small file, fetched at once: servers compress these, and then only the content itself tells how
 * long it is.
 */
async function whole(path: string, url: string, transfer: Transfer): Promise<ModelFile | null> {
  const response = await ask(path, url, transfer, 'GET');
  if (!response) return null;
  const content = await bodyOf(
    response,
    path.endsWith('tokenizer.json') ? MOST.tokenizer : MOST.smallFile,
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

/** Null where the server has no such file, or answers with a page in its place. */
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
