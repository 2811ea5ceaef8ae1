/**
 * Damages bytes without knowledge of a format: flips bits, and splices, cuts, repeats and lengthens
 * runs of bytes.
 */
import type { Random } from './random.ts';

const EXTREMES = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** One to eight faults. Half of them are in the first 1,024 bytes, which hold headers. */
export function damagedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let out = new Uint8Array(bytes);
  for (let n = 1 + random.below(8); n > 0 && out.length > 0; n--) out = fault(random, out);
  return out;
}

function fault(random: Random, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const reach = random.chance(0.5) ? Math.min(bytes.length, 1024) : bytes.length;
  const at = random.below(reach);
  const run = 1 + random.below(Math.min(bytes.length - at, random.chance(0.2) ? 4096 : 16));
  switch (random.below(7)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      bytes[at] = random.pick(EXTREMES);
      return bytes;
    case 2:
      bytes.fill(random.pick(EXTREMES), at, at + run);
      return bytes;
    case 3:
      bytes.copyWithin(random.below(bytes.length), at, at + run);
      return bytes;
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at + run));
    case 5:
      return joined(bytes.subarray(0, at + run), bytes.subarray(at));
    default:
      return bytes.slice(0, at);
  }
}

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
