/**
 * A local model hub: Hugging Face's paths, listings, ranges, etags and redirects to another origin,
 * over directories on disk. Tests can inject faults: broken connections, ignored ranges, changed
 * files, compression, endless or corrupt responses.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defined } from '../src/checked.ts';

export interface Mirror {
  /** Without a trailing slash. */
  url: string;
  /** The server of large files, reached by redirect. */
  store: string;
  /** Requests for content, in order: `GET onnx/model_q4.onnx bytes=100-`. */
  log: string[];
  /** Injected faults. Tests may change them at any time. */
  fault: {
    /** Number of connections to break, each after `after` bytes. */
    breaks: number;
    after: number;
    /** Ignores ranges and sends the whole file. */
    noRanges: boolean;
    /** Sends bytes that differ from the announced content. */
    corrupt: boolean;
    /** Stalls after this number of bytes until it is 0 again. 0 means no stall. */
    hold: number;
    /** Each edition gives every file other content of the same length, and another etag. */
    edition: number;
    /** The edition after the next break. Null leaves the edition unchanged. */
    changesTo: number | null;
    /** Compresses responses for clients that accept it, as many hosts do. */
    gzip: boolean;
    /** Files that never end and announce no length. `/api/` makes the listing endless. */
    endless: string[];
    /** Replaces the files in the listing. */
    siblings: unknown[] | null;
  };
  /** The servers (`hub`, `store`) that received a token. */
  tokens: string[];
  close(): Promise<void>;
}

export const NO_FAULT: Mirror['fault'] = {
  breaks: 0,
  after: 0,
  noRanges: false,
  corrupt: false,
  hold: 0,
  edition: 0,
  changesTo: null,
  gzip: false,
  endless: [],
  siblings: null,
};

/** Files with more bytes than this are behind a redirect, like large files on the hub. */
const LARGE = 100_000;

interface Entry {
  path: string;
  file: string;
  bytes: number;
  sha256: string;
  blobId: string;
}

function entriesOf(folder: string): Entry[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => {
      const content = readFileSync(join(folder, path));
      return {
        path: path.replaceAll('\\', '/'),
        file: join(folder, path),
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
        blobId: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
      };
    });
}

/** Serves each directory as a repository. `gated` repositories refuse every listing. */
export async function startMirror(
  folders: Record<string, string>,
  gated: readonly string[] = [],
): Promise<Mirror> {
  const repositories = new Map(
    Object.entries(folders).map(([name, folder]) => {
      const entries = entriesOf(folder);
      return [
        name,
        { entries, commit: createHash('sha1').update(JSON.stringify(entries)).digest('hex') },
      ];
    }),
  );
  const mirror: Mirror = {
    url: '',
    store: '',
    log: [],
    fault: { ...NO_FAULT },
    tokens: [],
    close: () => Promise.resolve(),
  };
  const { fault, log } = mirror;

  async function send(
    entry: Entry,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const range = fault.noRanges
      ? undefined
      : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const from = Number(range ?? 0);
    log.push(
      `${request.method} ${entry.path}${request.headers.range ? ` ${request.headers.range}` : ''}`,
    );
    let content = readFileSync(entry.file);
    const { edition } = fault;
    const change = edition ^ (fault.corrupt ? 1 : 0);
    const etag = edition === 0 ? entry.sha256 : `${entry.sha256}-${edition}`;
    if (change !== 0) content = Buffer.from(content.map((byte) => byte ^ change));
    const zipped =
      fault.gzip && range === undefined && /gzip/.test(String(request.headers['accept-encoding']));
    if (zipped) content = gzipSync(content);
    response.writeHead(range === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': content.length - from,
      'accept-ranges': 'bytes',
      etag: zipped ? `W/"${etag}-gzip"` : `"${etag}"`,
      ...(range !== undefined && {
        'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
      }),
      ...(zipped && { 'content-encoding': 'gzip' }),
    });
    if (request.method === 'HEAD') return void response.end();
    const breaks = fault.breaks > 0 && from + fault.after < content.length;
    const end = breaks ? from + fault.after : content.length;
    if (breaks) {
      fault.breaks--;
      fault.edition = fault.changesTo ?? fault.edition;
    }
    const gone = () => response.destroyed;
    for (let at = from; at < end && !gone(); at += 65536) {
      while (fault.hold && at - from >= fault.hold && !gone())
        await new Promise((look) => setTimeout(look, 10));
      await new Promise((done) =>
        response.write(content.subarray(at, Math.min(end, at + 65536)), done),
      );
    }
    if (breaks) setTimeout(() => response.destroy(), 20);
    else response.end();
  }

  /** Sends data until the client disconnects. */
  async function resume(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/json' });
    while (!response.destroyed)
      await new Promise((done) => response.write(' '.repeat(1 << 20), done));
  }

  const answer =
    (origin: 'hub' | 'store') => (request: IncomingMessage, response: ServerResponse) => {
      if (request.headers.authorization !== undefined) mirror.tokens.push(origin);
      // The hub's headers for other origins. Like the hub's stores, it does not answer preflight
      // requests.
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader(
        'access-control-expose-headers',
        'X-Repo-Commit,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag',
      );
      const refuse = (status: number, code: string) => {
        response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: code }));
      };
      if (request.method === 'OPTIONS') return refuse(405, 'NoPreflight');
      let path: string;
      try {
        path = decodeURIComponent(new URL(defined(request.url), 'http://hub').pathname);
      } catch {
        return refuse(400, 'BadPath');
      }
      const find = (name: string) => repositories.get(name);
      if (request.method === 'GET' && fault.endless.some((part) => path.includes(part)))
        return void resume(response);
      if (origin === 'store') {
        const [, name, file] = /^\/([^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
        const entry = find(name ?? '')?.entries.find((e) => e.path === file);
        return entry ? void send(entry, request, response) : refuse(404, 'EntryNotFound');
      }
      const [, listed, revision] =
        /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? [];
      if (listed !== undefined) {
        log.push(`GET ${path}`);
        const repository = find(listed);
        if (gated.includes(listed)) return refuse(401, 'GatedRepo');
        if (!repository) return refuse(401, 'RepoNotFound');
        if (revision !== 'main' && revision !== repository.commit)
          return refuse(404, 'RevisionNotFound');
        const siblings =
          fault.siblings ??
          repository.entries.map(({ path: rfilename, bytes, sha256, blobId }) => ({
            rfilename,
            size: bytes,
            blobId,
            ...(bytes > LARGE && { lfs: { sha256, size: bytes, pointerSize: 134 } }),
          }));
        response.writeHead(200, { 'content-type': 'application/json' });
        return void response.end(JSON.stringify({ id: listed, sha: repository.commit, siblings }));
      }
      const [, name, at, file] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
      const repository = find(name ?? '');
      const entry =
        repository && (at === 'main' || at === repository.commit)
          ? repository.entries.find((e) => e.path === file)
          : undefined;
      if (!entry) return refuse(404, 'EntryNotFound');
      if (entry.bytes <= LARGE) return void send(entry, request, response);
      response.writeHead(302, {
        location: `${mirror.store}/${name}/${entry.path}`,
        'x-linked-size': entry.bytes,
        'x-linked-etag': `"${entry.sha256}"`,
        'x-repo-commit': defined(repository).commit,
      });
      response.end();
    };

  const listen = async (server: Server) => {
    // Keep connections open, because a busy test may reuse one late.
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://localhost:${(server.address() as AddressInfo).port}`;
  };
  const hub = createServer(answer('hub'));
  const store = createServer(answer('store'));
  mirror.url = await listen(hub);
  mirror.store = await listen(store);
  mirror.close = async () => {
    for (const server of [hub, store]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  };
  return mirror;
}
