/**
 * Reads untrusted zip files: the directory at the end, and only the requested entries. Sizes and
 * checksums are enforced (PKWARE, APPNOTE.TXT 4.3 and 4.4), so a damaged file is refused and never
 * misread.
 */
import { Inflate } from 'fflate';
import { defined } from '../checked.ts';
import { describeBytes, describeCount } from './figures.ts';
import { quoted } from './json.ts';
import { READ_LIMITS } from './limits.ts';

export interface ZipEntry {
  /** Folders are separated by `/`, even if a zip made on Windows has `\`. */
  path: string;
  /** Uncompressed size. */
  bytes: number;
  /** The bytes in the zip, stored or deflated; a view. */
  packed: Uint8Array<ArrayBuffer>;
  deflated: boolean;
  crc: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_64 = 0x06064b50;
const WHERE_64 = 0x07064b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const WHERE_64_BYTES = 20;
const END_64_BYTES = 56;

/** Deflate's maximum compression ratio. */
const MAX_RATIO = 1032;

/**
 * Packed bytes inflated per step. At that ratio the output of one step is small next to an adapter.
 */
const STEP = 16_384;

/**
 * The files in a zip, without folders; entries are views. Throws an Error with a short reason: not
 * a zip, truncated, encrypted, another compression, two entries of one name, too many entries.
 */
export function zipEntries(bytes: Uint8Array<ArrayBuffer>): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, from } = directory(view);
  const entries: ZipEntry[] = [];
  if (count > READ_LIMITS.zipFiles)
    throw new Error(
      `it contains ${describeCount(count)} files, but at most ${describeCount(READ_LIMITS.zipFiles)} are allowed`,
    );
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== ENTRY)
      throw new Error('its directory is damaged');
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const end = at + ENTRY_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (end > bytes.length) throw new Error('its directory is truncated');
    const name = bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    const path = pathOf(new TextDecoder().decode(name));
    if (path !== null) {
      const extra = at + ENTRY_BYTES + nameBytes;
      entries.push(entryAt(bytes, view, at, { path, extra, extraEnd: extra + extraBytes }));
    }
    at = end;
  }
  const paths = new Set<string>();
  for (const { path } of entries) {
    if (paths.has(path)) throw new Error(`it contains ${quoted(path)} twice`);
    paths.add(path);
  }
  return entries;
}

/**
 * An entry's content. Throws an Error with a short reason if it contradicts the zip or exceeds
 * `maxBytes` bytes.
 */
export function unzipped(entry: ZipEntry, maxBytes: number): Uint8Array<ArrayBuffer> {
  const { path, bytes, packed, deflated, crc } = entry;
  const damaged = (cause?: unknown) => new Error(`${quoted(path)} in it is damaged`, { cause });
  if (bytes > maxBytes)
    throw new Error(
      `${quoted(path)} in it has ${describeBytes(bytes)}, but at most ${describeBytes(maxBytes)} are allowed`,
    );
  if (deflated ? bytes > packed.length * MAX_RATIO + 64 : bytes !== packed.length) throw damaged();
  let content: Uint8Array<ArrayBuffer>;
  try {
    content = deflated ? inflated(packed, bytes) : packed.slice();
  } catch (error) {
    throw damaged(error);
  }
  if (checkSum(content) !== crc) throw damaged();
  return content;
}

/**
 * Inflates raw deflate data. Stops with an error as soon as the output exceeds the declared size.
 */
function inflated(packed: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  let at = 0;
  const stream = new Inflate((chunk) => {
    if (at + chunk.length > bytes) throw new RangeError('more than declared');
    out.set(chunk, at);
    at += chunk.length;
  });
  for (let from = 0; from < packed.length; from += STEP)
    stream.push(packed.subarray(from, from + STEP), from + STEP >= packed.length);
  if (at !== bytes) throw new RangeError('less than declared');
  return out;
}

/** null for a folder. */
function pathOf(name: string): string | null {
  const parts = name.split(/[/\\]/);
  if (parts.at(-1) === '') return null;
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

/**
 * Number of entries in the directory and its offset, from the record at the end of the file, before
 * a comment.
 */
function directory(view: DataView): { count: number; from: number } {
  for (
    let at = view.byteLength - END_BYTES;
    at >= 0 && at >= view.byteLength - END_BYTES - 0xffff;
    at--
  ) {
    if (view.getUint32(at, true) !== END) continue;
    const count = view.getUint16(at + 10, true);
    const from = view.getUint32(at + 16, true);
    if (count < 0xffff && from < 0xffffffff) return { count, from };
    const where = at - WHERE_64_BYTES;
    if (where < 0 || view.getUint32(where, true) !== WHERE_64) return { count, from };
    const end = Number(view.getBigUint64(where + 8, true));
    if (end + END_64_BYTES > view.byteLength || view.getUint32(end, true) !== END_64) break;
    return {
      count: Number(view.getBigUint64(end + 32, true)),
      from: Number(view.getBigUint64(end + 48, true)),
    };
  }
  throw new Error('it is not a zip file, or it is truncated');
}

interface Place {
  path: string;
  extra: number;
  extraEnd: number;
}

function entryAt(
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
  at: number,
  { path, extra, extraEnd }: Place,
): ZipEntry {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const named = quoted(path);
  if (flags & 1) throw new Error(`${named} in it is encrypted`);
  if (method !== 0 && method !== 8)
    throw new Error(
      `${named} in it uses compression method ${method}, but only store and deflate are supported`,
    );
  const [size, packedSize, offset] = wide(
    view,
    extra,
    extraEnd,
    [24, 20, 42].map((o) => view.getUint32(at + o, true)),
  );
  const local = defined(offset);
  if (local + LOCAL_BYTES > bytes.length || view.getUint32(local, true) !== LOCAL)
    throw new Error(`${named} in it has a wrong offset`);
  const from =
    local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (from + defined(packedSize) > bytes.length) throw new Error(`${named} in it is truncated`);
  return {
    path,
    bytes: defined(size),
    packed: bytes.subarray(from, from + defined(packedSize)),
    deflated: method === 8,
    crc: view.getUint32(at + 16, true),
  };
}

/**
 * Uncompressed size, compressed size and offset. Values that exceed 32 bits are in the extra field
 * 1 (zip64), in this order.
 */
function wide(view: DataView, extra: number, end: number, values: number[]): number[] {
  for (let at = extra; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return values.map((value) => {
      if (value !== 0xffffffff || next + 8 > end) return value;
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    });
  }
  return values;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 as in zip. */
function checkSum(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}
