/**
 * Downloads one file in pieces: first the cached part, then the rest from the server, cached on
 * arrival. A broken connection is retried a few times and resumed. A file with a known digest is
 * verified before it is cached as complete, and on every read.
 */
import { AtlasError } from '../../errors.ts';
import type { BlockHash } from '../block-hash.ts';
import { describeBytes } from '../figures.ts';
import { streamChunks } from '../files.ts';
import { gitBlobHash } from '../sha1.ts';
import { Sha256 } from '../sha256.ts';
import { AS_IT_IS } from './body.ts';
import type { FileStore } from './file-store.ts';
import { PartFile } from './part-file.ts';
import { isOther, versionOf, type Version } from './version.ts';

export interface RemoteFile {
  /** Display name, relative to the model's folder: `onnx/model_q4.onnx`. */
  path: string;
  url: string;
  bytes: number;
  /** Name in the cache, derived from the content, not the location. null: not cached. */
  name: string | null;
  /** Lower-case hex, if the server gives it. For small files hubs give git's blob hash instead. */
  sha256?: string;
  gitBlob?: string;
  /** The announced version of the content, used if there is no digest. */
  version?: Version;
}

export interface Transfer {
  /** null: nothing is cached. */
  store: FileStore | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Receives problems that do not stop the transfer: there is no room to cache the file. */
  onWarning?(warning: AtlasError): void;
  /** Seconds before the first retry; doubled for each further retry. */
  patience?: number;
}

const hostOf = ({ url }: RemoteFile) => new URL(url).host;

/** Broken connections in a row before the download fails. */
const MAX_FAILURES = 4;

/**
 * The file's content in order. Throws `remote-file`, `connection`, `bad-download`,
 * `remote-changed`, `kept-damaged` and `cancelled`. A cached file that proves wrong is removed, so
 * the next attempt starts from zero.
 */
export async function* download(file: RemoteFile, transfer: Transfer): AsyncGenerator<Uint8Array> {
  const { store, onWarning } = transfer;
  const { bytes, name } = file;
  if (!store || name === null) return yield* fetched(file, transfer, null);
  const size = await store.size(name);
  if (size === bytes && bytes > 0) return yield* readCached(file, store, name);
  // Truncated or overlong on this machine; unusable.
  if (size > 0) await store.remove(name);
  yield* fetched(file, transfer, new PartFile(store, { name, bytes }, onWarning));
}

/**
 * Reads a cached file and verifies its digest. The disk may have corrupted it, and older versions
 * did not verify.
 */
async function* readCached(
  file: RemoteFile,
  store: FileStore,
  name: string,
): AsyncGenerator<Uint8Array> {
  const hash = hashOf(file);
  let cause: unknown;
  try {
    for await (const chunk of store.read(name)) {
      hash?.update(chunk);
      yield chunk;
    }
    if (isRight(file, hash)) return;
  } catch (error) {
    cause = error;
  }
  await store.remove(name);
  throw new AtlasError('kept-damaged', { file: file.path }, { cause });
}

/** Yields the cached part and downloads the rest. */
async function* fetched(
  file: RemoteFile,
  transfer: Transfer,
  part: PartFile | null,
): AsyncGenerator<Uint8Array> {
  const { signal } = transfer;
  const { bytes, path } = file;
  const host = hostOf(file);
  const hash = hashOf(file);
  const bad = (why: string) => new AtlasError('bad-download', { file: path, host, why });
  const rest = new Rest(file, transfer);
  let at = 0;
  try {
    if (part) {
      for await (const chunk of part.before()) {
        at += chunk.length;
        hash?.update(chunk);
        yield chunk;
      }
    }
    for (let failures = 0; at < bytes;) {
      try {
        for await (const chunk of rest.from(at)) {
          failures = 0;
          at += chunk.length;
          if (at > bytes) throw bad(`it is longer than the announced ${bytes} bytes`);
          hash?.update(chunk);
          await part?.add(chunk);
          yield chunk;
        }
        if (at < bytes) throw new Error('the connection ended early');
      } catch (error) {
        if (signal?.aborted) throw new AtlasError('cancelled', {}, { cause: error });
        if (error instanceof AtlasError) throw error;
        if (++failures > MAX_FAILURES)
          throw new AtlasError(
            'connection',
            { file: path, host, loaded: describeBytes(at), total: describeBytes(bytes) },
            { cause: error },
          );
        await pause((transfer.patience ?? 0.5) * 2 ** (failures - 1), signal);
      }
    }
    if (!isRight(file, hash)) throw bad('its checksum does not match');
  } catch (error) {
    await part?.close();
    if (error instanceof AtlasError && ['bad-download', 'remote-changed'].includes(error.code))
      await part?.forget();
    throw error;
  } finally {
    await part?.close();
  }
  await part?.whole();
}

/** Hash to compare the content with; null if the server gives none. */
function hashOf({ sha256, gitBlob, bytes }: RemoteFile): BlockHash | null {
  if (sha256 !== undefined) return new Sha256();
  return gitBlob === undefined ? null : gitBlobHash(bytes);
}

const isRight = ({ sha256, gitBlob }: RemoteFile, hash: BlockHash | null): boolean =>
  hash === null || hash.hex() === (sha256 ?? gitBlob);

/**
 * The content of a file from some byte on, for as many connections as needed. All responses must be
 * of the same version.
 */
class Rest {
  private readonly file: RemoteFile;
  private readonly transfer: Transfer;
  private version: Version;

  constructor(file: RemoteFile, transfer: Transfer) {
    this.file = file;
    this.transfer = transfer;
    this.version = file.version ?? { etag: null, modified: null };
  }

  /**
   * Yields the content from byte `at`. A server without range support sends the whole file; the
   * bytes before `at` are skipped.
   */
  async *from(at: number): AsyncGenerator<Uint8Array> {
    const {
      file,
      transfer: { headers, signal },
    } = this;
    // "bytes=N-" needs no CORS preflight, which the hub's storage does not answer. "If-Range" would
    // need one, so versions are compared instead. Do not disclose the page's address.
    const response = await fetch(file.url, {
      headers: { ...AS_IT_IS, ...headers, ...(at > 0 && { Range: `bytes=${at}-` }) },
      referrerPolicy: 'no-referrer',
      ...(signal && { signal }),
    });
    if (response.status >= 500 || response.status === 429)
      throw new Error(`the server responded with ${response.status}`);
    const version = versionOf(response.headers);
    // With a digest a mixture is detected at the end. Hosts of one file may give it different tags.
    const isMixed = !hashOf(file) && isOther(this.version, version);
    if (response.status === 416 || isMixed)
      throw new AtlasError('remote-changed', { file: file.path, host: hostOf(file) });
    if (!response.ok)
      throw new AtlasError('remote-file', {
        file: file.path,
        host: hostOf(file),
        status: response.status,
      });
    this.version = {
      etag: version.etag ?? this.version.etag,
      modified: version.modified ?? this.version.modified,
    };
    let skip = response.status === 206 ? at - startOf(response, at) : at;
    if (!response.body) return;
    for await (const chunk of streamChunks(response.body)) {
      if (skip >= chunk.length) skip -= chunk.length;
      else {
        yield skip > 0 ? chunk.subarray(skip) : chunk;
        skip = 0;
      }
    }
  }
}

/**
 * First byte of a partial response. If the server hides the header from the page, assume the
 * requested byte.
 */
function startOf(response: Response, asked: number): number {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (start === undefined) return asked;
  if (Number(start) > asked) throw new Error('the server skipped bytes');
  return Number(start);
}

function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(new AtlasError('cancelled'));
      },
      { once: true },
    );
  });
}
