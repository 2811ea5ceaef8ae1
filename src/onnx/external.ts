/**
 * Weights kept in a second file: which bytes a tensor means, with every way of pointing elsewhere
 * refused.
 */
import { AtlasError } from '../errors.ts';
import { shown } from './graph.ts';
import { decodeMessage, graphProto, modelProto, type Message, type tensorProto } from './proto.ts';

/**
 * Bytes of a file, by its path from the model's folder (`sub/name`); null or undefined when there
 * is none.
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
 * The path of a location from the model's folder: `./name` is `name`, `sub//name` is `sub/name`.
 * Null for what leads out of the folder or is no path: absolute ones, `..`, drives, addresses,
 * backslashes.
 */
export function plainLocation(location: string): string | null {
  if (location.startsWith('/') || /[\\:\u0000-\u001f]/.test(location)) return null;
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || location.endsWith('/') || parts.includes('..')
    ? null
    : parts.join('/');
}

/**
 * Reads the entries of `external_data`. `expected` is the byte count the dims ask for.
 * Only a file in the model's own folder, or in one below it, is allowed. Throws `external-bad`.
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
      throw bad(`the ${key} of "${shown(tensor.name)}" is not a usable number`);
    return value;
  };
  const offset = number('offset', 0);
  const length = number('length', expected);
  if (length !== expected)
    throw bad(`"${shown(tensor.name)}" takes ${expected} bytes, not ${length}`);
  return { location, offset, length };
}

/** Opens each external file once and cuts ranges out of it. */
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
        why: `${bytes.byteLength} bytes, ${offset + length} needed`,
      });
    }
    return bytes.subarray(offset, offset + length);
  };
}

/**
 * The same bytes as a Uint8Array proper: `slice` of Node's Buffer is a view, which code for the
 * page does not expect.
 */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Graphs within graphs that are looked into. */
export const DEEPEST = 4;

/**
 * Paths of the files that a model keeps tensors in, sorted: weights, and constants of nodes, those
 * of branches too. Empty for what is no model; locations that are not allowed are left out, since
 * the reader refuses them by name.
 */
export function externalLocations(model: Uint8Array): string[] {
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
    visit(decodeMessage(modelProto, model).graph, 0);
  } catch {
    return []; // not a graph: the reader says so
  }
  return [...found].sort();
}
