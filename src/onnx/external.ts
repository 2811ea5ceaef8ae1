/**
 * Resolves tensors whose bytes are in a second file (external data). Locations outside the model's
 * folder are rejected.
 */
import { AtlasError } from '../errors.ts';
import { shown } from './graph.ts';
import { decodeMessage, graphProto, modelProto, type Message, type tensorProto } from './proto.ts';

/**
 * Returns the bytes of a file, by its path relative to the model's folder (`sub/name`). Returns
 * null or undefined if the file is missing.
 */
export type ExternalFiles = (
  location: string,
) => Promise<Uint8Array | null | undefined> | Uint8Array | null | undefined;

export interface ExternalRange {
  location: string;
  offset: number;
  length: number;
}

/**
 * Normalises a location relative to the model's folder: `./name` becomes `name`, `sub//name`
 * becomes `sub/name`. Returns null for a location that leaves the folder or is not a file path:
 * absolute paths, `..`, drives, URLs, backslashes.
 */
export function plainLocation(location: string): string | null {
  if (location.startsWith('/') || /[\\:\u0000-\u001f]/.test(location)) return null;
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || location.endsWith('/') || parts.includes('..')
    ? null
    : parts.join('/');
}

/**
 * Reads the entries of `external_data`. `expected` is the byte count that the dims require. Only
 * files in the model's folder or below it are allowed. Throws `external-bad`.
 */
export function externalRange(
  file: string,
  tensor: Message<typeof tensorProto>,
  expected: number,
): ExternalRange {
  const bad = (why: string) => new AtlasError('external-bad', { file, why });
  const entries = new Map(tensor.externalData.map((e) => [e.key, e.value]));
  const given = entries.get('location') ?? '';
  const location = plainLocation(given);
  if (!given) throw bad('no file name');
  if (location === null) throw bad(`"${shown(given)}" is not a file in the model's folder`);
  const number = (key: string, otherwise: number) => {
    const text = entries.get(key);
    if (text === undefined) return otherwise;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value))
      throw bad(`the ${key} of "${shown(tensor.name)}" is not valid`);
    return value;
  };
  const offset = number('offset', 0);
  const length = number('length', expected);
  if (length !== expected)
    throw bad(`"${shown(tensor.name)}" needs ${expected} bytes, not ${length}`);
  return { location, offset, length };
}

/**
 * Opens each external file once and returns views of the requested ranges. The reader throws
 * `external-missing` or `cut-off`.
 */
export function externalReader(file: string, files: ExternalFiles | undefined) {
  const opened = new Map<string, Uint8Array>();
  return async ({ location, offset, length }: ExternalRange): Promise<Uint8Array> => {
    let bytes = opened.get(location);
    if (!bytes) {
      const found = await files?.(location);
      if (!found) throw new AtlasError('external-missing', { file, part: location });
      opened.set(location, (bytes = plainBytes(found)));
    }
    if (offset + length > bytes.byteLength) {
      throw new AtlasError('cut-off', {
        file: location,
        why: `${bytes.byteLength} bytes, but ${offset + length} are needed`,
      });
    }
    return bytes.subarray(offset, offset + length);
  };
}

/**
 * The same memory as a plain Uint8Array. `slice` of Node's Buffer returns a view, but browser code
 * expects a copy.
 */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A file's decoded messages. */
export type ParsedModel = Message<typeof modelProto>;

/** Decodes a file once, for its external locations and its graph. Null if it is no model. */
export function parseModel(bytes: Uint8Array): ParsedModel | null {
  try {
    return decodeMessage(modelProto, plainBytes(bytes));
  } catch {
    return null; // `readGraph` reports why
  }
}

/** Maximum depth of nested subgraphs that are read. */
export const DEEPEST = 4;

/**
 * Returns the sorted paths of the model's external data files: those of weights and of node
 * constants, also inside branches. Returns an empty list if the bytes are no model. Omits forbidden
 * locations, because the reader rejects them by name.
 */
export function externalLocations(model: ParsedModel | null): string[] {
  const found = new Set<string>();
  const note = (tensor: Message<typeof tensorProto> | undefined): void => {
    if (tensor?.dataLocation !== 1) return;
    const location = plainLocation(
      tensor.externalData.find((e) => e.key === 'location')?.value ?? '',
    );
    if (location !== null) found.add(location);
  };
  const visit = (graph: Message<typeof graphProto> | undefined, depth: number): void => {
    graph?.initializer.forEach(note);
    for (const { t, g } of graph?.node.flatMap((n) => n.attribute) ?? []) {
      note(t);
      if (g.byteLength > 0 && depth < DEEPEST) visit(decodeMessage(graphProto, g), depth + 1);
    }
  };
  try {
    visit(model?.graph, 0);
  } catch {
    return []; // a damaged branch: `readGraph` reports it
  }
  return [...found].sort();
}
