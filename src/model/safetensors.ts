/**
 * Reads and writes safetensors files: a JSON header of names, types, shapes and offsets, then the
 * bytes.
 *
 * The reader enforces the format (github.com/huggingface/safetensors, "Format"): every byte of the
 * buffer belongs to exactly one tensor, no key appears twice, and every number is an integer in
 * range.
 */
import { AtlasError } from '../errors.ts';
import { float32View, halfToFloat32 } from '../onnx/float16.ts';
import { describeBytes } from './figures.ts';
import { isCount, isObject, parseJson, repeatedKey } from './json.ts';
import { refusePointer } from './lfs.ts';
import { READ_LIMITS } from './limits.ts';

/** Bytes per value. */
const typeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type SafetensorsType = keyof typeof typeBytes;

export interface SafetensorsEntry {
  type: SafetensorsType;
  shape: readonly number[];
  /** Row-major, little endian; a view into the file. */
  bytes: Uint8Array;
}

export interface Safetensors {
  tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** The `__metadata__` strings. */
  metadata: ReadonlyMap<string, string>;
}

/** Parses a whole file; tensors are views into `bytes`. Throws `bad-safetensors`, `lfs-pointer`. */
export function readSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const fail = (why: string, cause?: unknown): never => {
    throw new AtlasError('bad-safetensors', { file, why }, { cause });
  };
  refusePointer(bytes, file);
  if (bytes.byteLength < 8)
    fail(`it has ${bytes.byteLength} bytes, but the header length alone needs 8`);
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (headerBytes > bytes.byteLength - 8) fail('its header is longer than the file');
  if (headerBytes > READ_LIMITS.header)
    fail(
      `its header has ${describeBytes(headerBytes)}, but at most ${describeBytes(READ_LIMITS.header)} are allowed`,
    );
  const data = bytes.subarray(8 + headerBytes);

  let header: unknown;
  let text = '';
  try {
    ({ value: header, text } = parseJson(
      bytes.subarray(8, 8 + headerBytes),
      READ_LIMITS.headerKeys,
    ));
  } catch (error) {
    fail(`its header is not valid: ${(error as Error).message}`, error);
  }
  if (!isObject(header)) return fail('its header is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) fail(`its header names "${twice.slice(0, 100)}" twice`);

  const metadata = new Map<string, string>();
  const tensors = new Map<string, SafetensorsEntry>();
  const ranges: [number, number][] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      // The reference implementation accepts null as no metadata.
      if (entry === null) continue;
      if (!isObject(entry)) fail('its metadata is not an object');
      for (const [key, value] of Object.entries(entry as object))
        metadata.set(
          key,
          typeof value === 'string'
            ? value
            : fail('its metadata contains something other than strings'),
        );
      continue;
    }
    const where = `tensor "${name.slice(0, 100)}"`;
    if (!isObject(entry)) return fail(`${where} is not an object`);
    const { dtype, shape, data_offsets: offsets } = entry;
    if (typeof dtype !== 'string' || !Object.hasOwn(typeBytes, dtype))
      return fail(`${where} has an unknown type`);
    if (!Array.isArray(shape) || !shape.every(isCount))
      return fail(`the shape of ${where} is not a list of integers`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
      return fail(`the offsets of ${where} are not two integers`);
    const type = dtype as SafetensorsType;
    const [from, to] = offsets as [number, number];
    if (from > to || to > data.byteLength) fail(`${where} is outside the file`);
    const size = shape.reduce((product: number, n) => product * n, typeBytes[type]);
    if (size !== to - from) fail(`${where} has ${to - from} bytes, but its shape needs ${size}`);
    ranges.push([from, to]);
    tensors.set(name, { type, shape, bytes: data.subarray(from, to) });
  }

  let end = 0;
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (from < end) fail('two tensors overlap');
    if (from > end) fail('some of its bytes belong to no tensor');
    end = to;
  }
  if (end !== data.byteLength) fail('some of its bytes belong to no tensor');
  return { tensors, metadata };
}

/**
 * Values as float32: exact for F32, F16 and BF16, rounded from F64. May alias the file's memory.
 * Throws `bad-safetensors` for other types.
 */
export function toFloat32({ type, bytes }: SafetensorsEntry): Float32Array {
  switch (type) {
    case 'F32':
      return float32View(bytes);
    case 'F16':
      return halfToFloat32(bytes);
    case 'BF16':
      return bfloatToFloat32(bytes);
    case 'F64':
      return Float32Array.from(new Float64Array(new Uint8Array(bytes).buffer));
    default:
      throw new AtlasError('bad-safetensors', {
        file: 'The file',
        why: `a tensor of type ${type} does not contain floating-point numbers`,
      });
  }
}

/** bfloat16 is the upper half of a float32. */
function bfloatToFloat32(bytes: Uint8Array): Float32Array {
  const halves = new Uint16Array(new Uint8Array(bytes).buffer);
  return new Float32Array(Uint32Array.from(halves, (h) => h << 16).buffer);
}

export interface FloatTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** A tensor to write: float32, or bytes. Both in one file would leave the floats unaligned. */
export interface SavedTensor {
  shape: readonly number[];
  data: Float32Array | Uint8Array;
}

/**
 * Serialises float32 tensors, or bytes. Equal input gives equal bytes: names and metadata are in
 * code-unit order, and the header is padded with spaces to 8 bytes, which aligns the data. Throws
 * RangeError if a shape and its values disagree.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SavedTensor>> | ReadonlyMap<string, SavedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = [
    ...((tensors instanceof Map ? tensors : Object.entries(tensors)) as Iterable<
      [string, SavedTensor]
    >),
  ].sort(byName);
  const fields: string[] = [];
  const field = (name: string, value: unknown) =>
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const texts = Object.entries(metadata).sort(byName);
  if (texts.length > 0) field('__metadata__', Object.fromEntries(texts));
  let end = 0;
  for (const [name, { shape, data }] of entries) {
    if (shape.reduce((a, b) => a * b, 1) !== data.length)
      throw new RangeError(`tensor ${name}: shape and values disagree`);
    const from = end;
    end += data.byteLength;
    field(name, {
      dtype: data instanceof Float32Array ? 'F32' : 'U8',
      shape,
      data_offsets: [from, end],
    });
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8 + json.length, 8 + headerBytes);
  out.set(json, 8);
  let at = 8 + headerBytes;
  for (const [, { data }] of entries) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
