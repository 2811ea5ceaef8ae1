/**
 * Weights kept in a second file: which bytes a tensor means, with every way of pointing elsewhere refused.
 */
import { AtlasError } from '../errors.ts';
import { shown } from './graph.ts';
import type { Message, tensorProto } from './proto.ts';

/** Bytes of a file beside the model, by its bare name; null or undefined when there is none. */
export type ExternalFiles = (location: string) => Promise<Uint8Array | null | undefined> | Uint8Array | null | undefined;

export interface ExternalRange { location: string; offset: number; length: number }

/**
 * Reads the entries of `external_data`. `expected` is the byte count the dims ask for.
 * Only a plain file name in the model's own folder is allowed. Throws `external-bad`.
 */
export function externalRange(file: string, tensor: Message<typeof tensorProto>, expected: number): ExternalRange {
  const bad = (why: string) => new AtlasError('external-bad', { file, why });
  const entries = new Map(tensor.externalData.map((e) => [e.key, e.value]));
  const location = entries.get('location') ?? '';
  if (!location) throw bad('no file name');
  if (/[/\\:\u0000-\u001f]/.test(location) || location === '.' || location === '..') throw bad(`"${shown(location)}" is not a plain file name`);
  const number = (key: string, otherwise: number) => {
    const text = entries.get(key);
    if (text === undefined) return otherwise;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value)) throw bad(`the ${key} of "${shown(tensor.name)}" is not a usable number`);
    return value;
  };
  const offset = number('offset', 0), length = number('length', expected);
  if (length !== expected) throw bad(`"${shown(tensor.name)}" takes ${expected} bytes, not ${length}`);
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
      throw new AtlasError('cut-off', { file: location, why: `${bytes.byteLength} bytes, ${offset + length} needed` });
    }
    return bytes.subarray(offset, offset + length);
  };
}

/** The same bytes as a Uint8Array proper: `slice` of Node's Buffer is a view, which code for the page does not expect. */
export const plainBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
