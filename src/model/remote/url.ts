/**
 * A model by the address of its graph. No server lists a folder: beside the graph, and one folder up where it lies in `onnx/`, the
 * files a hub repository would have are asked for by name.
 */
import { AtlasError } from '../../errors.ts';
import type { ModelFile, ModelFiles } from '../files.ts';
import { Sha256 } from '../sha256.ts';
import { download, type RemoteFile, type Transfer } from './download.ts';
import { referenceId, type UrlReference } from './reference.ts';

/** Small files in a model's folder that are read or passed on with an export. */
const BESIDE = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'genai_config.json'];
/** What exporters call the file they put weights in. */
const WEIGHTS = ['_data', '.data', '_data_1', '_data_2', '_data_3'];

/** The model at an address. Only headers are asked for, but for the small files. Throws `remote-file`, `offline`, `cancelled`. */
export async function urlFiles(reference: UrlReference, transfer: Transfer): Promise<ModelFiles> {
  const url = new URL(reference.url), name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
  const inOnnx = /\/onnx\/[^/]*$/.test(url.pathname), folder = inOnnx ? 'onnx/' : '';
  const at = (path: string) => Object.assign(new URL(path, url), { search: url.search }).href;
  const graph = await head(folder + name, url.href, transfer);
  if (!graph) throw new AtlasError('remote-file', { file: name, host: url.host, status: 404 });
  const weights = await Promise.all(WEIGHTS.map((end) => head(folder + name + end, at(`./${encodeURIComponent(name + end)}`), transfer)));
  const small = await Promise.all(BESIDE.map((path) => whole(path, at(`${inOnnx ? '../' : './'}${path}`), transfer)));
  const large = [graph, ...weights].filter((file) => file !== null);
  return {
    id: referenceId(reference),
    title: name.replace(/\.onnx$/, ''),
    files: [...large.map((file) => ({ path: file.path, bytes: file.bytes, chunks: () => download(file, transfer) })), ...small.filter((file) => file !== null)],
    graph: graph.path,
  };
}

/** A file's size, and a name of its content where the server tells a version of it; null where there is none. */
async function head(path: string, url: string, transfer: Transfer): Promise<RemoteFile | null> {
  const response = await ask(path, url, transfer, 'HEAD');
  if (!response) return null;
  const bytes = Number(response.headers.get('content-length') ?? NaN), version = response.headers.get('etag') ?? response.headers.get('last-modified');
  if (!Number.isSafeInteger(bytes)) throw new AtlasError('remote-file', { file: path, host: new URL(url).host, status: 'no length' });
  const name = version === null ? null : new Sha256().update(new TextEncoder().encode(`${url} ${bytes} ${version}`)).hex();
  return { path, url, bytes, name };
}

/** A small file, fetched at once: servers compress these, and then only the content itself tells how long it is. */
async function whole(path: string, url: string, transfer: Transfer): Promise<ModelFile | null> {
  const response = await ask(path, url, transfer, 'GET');
  if (!response) return null;
  const content = new Uint8Array(await response.arrayBuffer());
  return { path, bytes: content.length, async* chunks() { yield content; } };
}

/** Null where the server has no such file, or answers with a page in its place. */
async function ask(path: string, url: string, { headers, signal }: Transfer, method: 'HEAD' | 'GET'): Promise<Response | null> {
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetch(url, { method, headers: headers ?? {}, referrerPolicy: 'no-referrer', ...(signal && { signal }) });
  } catch (cause) {
    throw signal?.aborted ? new AtlasError('cancelled', {}, { cause }) : new AtlasError('offline', { host }, { cause });
  }
  if (response.status === 404 || response.status === 403 || response.headers.get('content-type')?.startsWith('text/html')) return null;
  if (!response.ok) throw new AtlasError('remote-file', { file: path, host, status: response.status });
  return response;
}
