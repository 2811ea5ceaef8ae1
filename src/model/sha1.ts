/**
 * SHA-1 (FIPS 180-4), with which git and hubs identify small files. A download is verified as it
 * arrives, which WebCrypto can't do. SHA-1 detects damage and mix-ups but, as in git, not
 * deliberate collisions.
 */
import { BlockHash } from './block-hash.ts';

const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

export class Sha1 extends BlockHash {
  private readonly words = new Int32Array(80);

  constructor() {
    super(START);
  }

  protected override compress(bytes: Uint8Array, at: number): void {
    const w = this.words;
    const state = this.state;
    for (let i = 0; i < 16; i++, at += 4)
      w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    for (let i = 16; i < 80; i++) {
      const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!;
      w[i] = (x << 1) | (x >>> 31);
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    for (let i = 0; i < 80; i++) {
      let f: number;
      if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
      else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
      else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
      else f = (b ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + f + e + w[i]!) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
  }
}

/** Starts git's blob hash of a file of `bytes` bytes. Its content follows in `update`. */
export const gitBlobHash = (bytes: number): BlockHash =>
  new Sha1().update(new TextEncoder().encode(`blob ${bytes}\0`));
