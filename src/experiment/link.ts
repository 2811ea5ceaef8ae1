/**
 * The link codec: a whole experiment in a URL fragment, `#x=3.<base64url(deflate-raw(JSON))>`.
 *
 * The JSON is canonical and short: `{"spec": <differences from the defaults>, "digest": <of a map>,
 * "run": <of the result of another study>}`; the last two are optional. The number before the dot
 * is the format's version. A browser does not send the fragment to a server. Links are untrusted:
 * sizes are limited before and during decompression, and single damaged settings are repaired
 * (docs/link-format.md).
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { isObject } from '../model/json.ts';
import { digestSchema, type ResultDigest } from './digest.ts';
import { repairSpec } from './schema.ts';
import { differences } from './settings.ts';
import type { ExperimentSpec } from '../studies/spec.ts';

/** A link of a version holds an experiment of the same version. */
export const LINK_VERSION = 3;

/** Maximum bytes of JSON in a link, and maximum length of the base64url text in characters. */
const MAX_JSON = 256 * 1024;
const MAX_ENCODED = 512 * 1024;

export interface LinkContents {
  spec: ExperimentSpec;
  /** Digest of the sender's map, for comparison. */
  digest: ResultDigest | null;
  /** Digest of the sender's result of `spec.study`, not validated (`studies/digest.ts`). */
  run?: object;
  /** The sender omitted an own text; `spec.text` is the default text. */
  textOmitted: boolean;
  /** Paths of the settings that could not be read and have their defaults. */
  damaged: string[];
}

/**
 * Returns the fragment (with `#`) for an experiment. Includes own texts only if `withText`;
 * otherwise the link records that they were omitted. Throws `long-link` if the link is too long.
 */
export async function encodeLink(
  spec: ExperimentSpec,
  {
    digest = null,
    run = null,
    withText = true,
  }: { digest?: ResultDigest | null; run?: object | null; withText?: boolean } = {},
): Promise<string> {
  const changed = differences(spec);
  if (!withText) for (const path of ownTexts(spec)) put(changed, path, { kind: 'own' });
  const json = new TextEncoder().encode(
    JSON.stringify({ spec: changed, ...(digest && { digest }), ...(run && { run }) }),
  );
  if (json.length > MAX_JSON)
    throw new AtlasError('long-link', {
      size: kilobytes(json.length),
      allowed: kilobytes(MAX_JSON),
    });
  const packed = await collect(pipe(json, new CompressionStream('deflate-raw')), MAX_ENCODED);
  const encoded = toBase64Url(packed);
  if (encoded.length > MAX_ENCODED)
    throw new AtlasError('long-link', {
      size: kilobytes(encoded.length),
      allowed: kilobytes(MAX_ENCODED),
    });
  return `#x=${LINK_VERSION}.${encoded}`;
}

/** Whether a URL, fragment or word holds an experiment, even a damaged one. */
export const isLink = (text: string): boolean => encodedPart(text) !== null;

/**
 * Returns the experiment in a URL or fragment. Throws `newer-link` for a later format and
 * `bad-link` if nothing can be read. Single damaged settings are repaired and listed.
 */
export async function decodeLink(link: string): Promise<LinkContents> {
  const part = encodedPart(link);
  if (part === null) throw new AtlasError('bad-link', { why: 'it contains no experiment' });
  if (part.length > MAX_ENCODED + 16) throw new AtlasError('bad-link', { why: 'it is too long' });
  const [, version, encoded] = /^(\d{1,9})\.([A-Za-z0-9_-]*)$/.exec(part) ?? [];
  if (version === undefined || encoded === undefined || Number(version) < 1)
    throw new AtlasError('bad-link', { why: 'it contains invalid characters' });
  if (Number(version) > LINK_VERSION) throw new AtlasError('newer-link', { version });
  return contents(await readJson(encoded), Number(version));
}

/** The text after `x=` in the fragment, or null. */
function encodedPart(link: string): string | null {
  const fragment = link.slice(link.indexOf('#') + 1);
  const found = fragment.split('&').find((p) => p.startsWith('x='));
  return found === undefined ? null : found.slice(2);
}

async function readJson(encoded: string): Promise<unknown> {
  let json: Uint8Array;
  try {
    json = await collect(
      pipe(fromBase64Url(encoded), new DecompressionStream('deflate-raw')),
      MAX_JSON,
    );
  } catch (error) {
    if (error instanceof AtlasError) throw error;
    throw new AtlasError(
      'bad-link',
      { why: 'part of it is missing or was changed' },
      { cause: error },
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    throw new AtlasError(
      'bad-link',
      { why: 'its contents are not an experiment' },
      { cause: error },
    );
  }
}

function contents(value: unknown, version: number): LinkContents {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    !Object.hasOwn(value, 'spec')
  ) {
    throw new AtlasError('bad-link', { why: 'its contents are not an experiment' });
  }
  const { spec: held, digest, run } = value as Record<'spec' | 'digest' | 'run', unknown>;
  const given = version < LINK_VERSION && isObject(held) ? { version, ...held } : held;
  const omitted = TEXTS.filter((path) => isOmitted(at(given, path)));
  for (const path of omitted) put(given as object, path, undefined);
  const { spec, damaged } = repairSpec(given);
  if (damaged.includes(''))
    throw new AtlasError('bad-link', { why: 'its contents are not an experiment' });
  const parsed = digest === undefined ? null : digestSchema.safeParse(digest);
  return {
    spec,
    digest: parsed?.success ? parsed.data : null,
    ...(isObject(run) && { run }),
    textOmitted: omitted.length > 0,
    damaged: [
      ...damaged,
      ...(parsed?.success === false ? ['digest'] : []),
      ...(run !== undefined && !isObject(run) ? ['run'] : []),
    ],
  };
}

/** Paths of the texts in an experiment. */
const TEXTS = [['text'], ['training', 'train'], ['training', 'held']] as const;
type TextPath = (typeof TEXTS)[number];

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (v, key) =>
      typeof v === 'object' && v !== null && Object.hasOwn(v, key)
        ? (v as Record<string, unknown>)[key]
        : undefined,
    value,
  );

/** Sets the value at a path if its parent exists. */
function put(value: object, path: TextPath, to: unknown): void {
  const inner = at(value, path.slice(0, -1));
  if (typeof inner === 'object' && inner !== null)
    (inner as Record<string, unknown>)[elementAt(path, -1)] = to;
}

/** Paths of the user's own texts, which a link includes only on request. */
const ownTexts = (spec: ExperimentSpec): TextPath[] =>
  TEXTS.filter((path) => (at(spec, path) as { kind: string }).kind === 'own');

/** Length of the user's own texts in UTF-16 units; 0: none. */
export const ownTextLength = (spec: ExperimentSpec): number =>
  ownTexts(spec).reduce((sum, path) => sum + (at(spec, path) as { text: string }).text.length, 0);

function isOmitted(text: unknown): boolean {
  return (
    typeof text === 'object' &&
    text !== null &&
    (text as { kind?: unknown }).kind === 'own' &&
    !Object.hasOwn(text, 'text')
  );
}

const pipe = (bytes: Uint8Array<ArrayBuffer>, through: CompressionStream | DecompressionStream) =>
  new Blob([bytes]).stream().pipeThrough(through);

/**
 * Reads a whole stream. Stops as soon as it exceeds `limit`, because a small link can decompress to
 * a huge size.
 */
async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new AtlasError('bad-link', { why: `it unpacks to more than ${kilobytes(limit)}` });
    }
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1024)} KB`;

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
