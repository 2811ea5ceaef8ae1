/**
 * One file from elsewhere, piece by piece: what is kept of it first, the rest from the server, kept as it arrives. A
 * connection that breaks is taken up where it broke, a few times; a file with a known digest is checked against it.
 */
import { AtlasError } from '../../errors.ts';
import { streamChunks } from '../files.ts';
import { describeBytes } from '../memory.ts';
import { Sha256 } from '../sha256.ts';
import { partOf, type FileStore, type StoreWriter } from './file-store.ts';

export interface RemoteFile {
  /** For people, and within the model's folder: `onnx/model_q4.onnx`. */
  path: string;
  url: string;
  bytes: number;
  /** Name under which it is kept: of its content, not of its place. Null: not kept. */
  name: string | null;
  /** Lower-case hex, where the server tells it. */
  sha256?: string;
}

export interface Transfer {
  /** Null: nothing is kept. */
  store: FileStore | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** What does not stop the transfer: there is no room to keep the file. */
  onWarning?(warning: AtlasError): void;
  /** Seconds before the first repeat; doubled at each. */
  patience?: number;
}

const hostOf = ({ url }: RemoteFile) => new URL(url).host;

/** Broken connections in a row before it gives up. */
const MOST_FAILURES = 4;

/** The file's content in order. Throws `remote-file`, `connection`, `bad-download`, `cancelled`. */
export async function* download(file: RemoteFile, transfer: Transfer): AsyncGenerator<Uint8Array> {
  const { store, signal } = transfer, { bytes, name } = file;
  if (store && name !== null && await store.size(name) === bytes && bytes > 0) {
    yield* store.read(name);
    return;
  }
  const kept = await Keeping.begin(file, transfer), hash = file.sha256 === undefined ? null : new Sha256();
  let at = 0;
  try {
    for await (const chunk of kept.before()) {
      at += chunk.length;
      hash?.update(chunk);
      yield chunk;
    }
    for (let failures = 0; at < bytes;) {
      try {
        for await (const chunk of rest(file, at, transfer)) {
          failures = 0;
          at += chunk.length;
          if (at > bytes) throw new AtlasError('bad-download', { file: file.path, host: hostOf(file), why: `it is longer than the ${bytes} bytes announced` });
          hash?.update(chunk);
          await kept.add(chunk);
          yield chunk;
        }
        if (at < bytes) throw new Error('the connection ended early');
      } catch (error) {
        if (signal?.aborted) throw new AtlasError('cancelled', {}, { cause: error });
        if (error instanceof AtlasError) throw error;
        if (++failures > MOST_FAILURES) throw new AtlasError('connection', { file: file.path, host: hostOf(file), loaded: describeBytes(at), total: describeBytes(bytes) }, { cause: error });
        await pause((transfer.patience ?? 0.5) * 2 ** (failures - 1), signal);
      }
    }
  } finally {
    await kept.close();
  }
  if (hash && hash.hex() !== file.sha256) {
    await kept.forget();
    throw new AtlasError('bad-download', { file: file.path, host: hostOf(file), why: 'its checksum is not the announced one' });
  }
  await kept.whole();
}

/** The content from byte `at` on. A server that knows no ranges sends all of it, and what is there already is passed over. */
async function* rest(file: RemoteFile, at: number, { headers, signal }: Transfer): AsyncGenerator<Uint8Array> {
  // "bytes=N-" needs no preflight, which the hub's stores do not answer. The address of the page is nobody's business.
  const response = await fetch(file.url, { headers: { ...headers, ...(at > 0 && { Range: `bytes=${at}-` }) }, referrerPolicy: 'no-referrer', ...(signal && { signal }) });
  if (response.status >= 500 || response.status === 429) throw new Error(`the server says ${response.status}`);
  if (!response.ok) throw new AtlasError('remote-file', { file: file.path, host: hostOf(file), status: response.status });
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

/** Where a partial answer begins. Not every server lets a page see it; then where it was asked to. */
function startOf(response: Response, asked: number): number {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (start === undefined) return asked;
  if (Number(start) > asked) throw new Error('the server left bytes out');
  return Number(start);
}

function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(new AtlasError('cancelled')); }, { once: true });
  });
}

/** The part of a file that is kept. Where nothing can be kept it does nothing, and the file stays in memory. */
class Keeping {
  private writer: StoreWriter | null = null;
  private readonly store: FileStore | null;
  private readonly file: RemoteFile;
  private readonly name: string;
  private readonly warn: Transfer['onWarning'];
  private readonly start: number;

  static async begin(file: RemoteFile, { store, onWarning }: Transfer): Promise<Keeping> {
    const name = file.name === null ? null : partOf(file.name);
    let start = store && name !== null ? await store.size(name) : 0;
    if (start > file.bytes) {
      await store!.remove(name!);
      start = 0;
    }
    return new Keeping(file, name === null ? null : store, name ?? '', start, onWarning);
  }

  private constructor(file: RemoteFile, store: FileStore | null, name: string, start: number, warn: Transfer['onWarning']) {
    this.file = file;
    this.store = store;
    this.name = name;
    this.start = start;
    this.warn = warn;
  }

  async* before(): AsyncGenerator<Uint8Array> {
    if (!this.store) return;
    if (this.start > 0) yield* this.store.read(this.name);
    // Another tab may be writing it, or have gone on with it: then this one keeps nothing.
    if (await this.store.size(this.name) === this.start) this.writer = await this.store.append(this.name).catch(() => null);
  }

  async add(chunk: Uint8Array): Promise<void> {
    if (!this.writer) return;
    try {
      await this.writer.write(chunk);
    } catch {
      await this.close();
      await this.store!.remove(this.name);
      this.warn?.(new AtlasError('no-room-model', { size: describeBytes(this.file.bytes) }));
    }
  }

  async close(): Promise<void> {
    const { writer } = this;
    this.writer = null;
    await writer?.close();
  }

  async forget(): Promise<void> {
    await this.store?.remove(this.name);
  }

  /** It is all there, and right. */
  async whole(): Promise<void> {
    if (this.store && this.file.name !== null && await this.store.size(this.name) === this.file.bytes) await this.store.rename(this.name, this.file.name).catch(() => undefined);
  }
}
