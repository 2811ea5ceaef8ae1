/**
 * Base of hashes that process 64-byte blocks and append the message length (FIPS 180-4). Input may
 * arrive in pieces.
 */
export abstract class BlockHash {
  protected readonly state: Int32Array;
  private readonly block = new Uint8Array(64);
  private filled = 0;
  private total = 0;

  constructor(start: Int32Array) {
    this.state = start.slice();
  }

  protected abstract compress(bytes: Uint8Array, at: number): void;

  update(bytes: Uint8Array): this {
    let at = 0;
    this.total += bytes.length;
    if (this.filled > 0) {
      at = Math.min(bytes.length, 64 - this.filled);
      this.block.set(bytes.subarray(0, at), this.filled);
      this.filled += at;
      if (this.filled < 64) return this;
      this.compress(this.block, 0);
    }
    for (; at + 64 <= bytes.length; at += 64) this.compress(bytes, at);
    this.block.set(bytes.subarray(at));
    this.filled = bytes.length - at;
    return this;
  }

  /** Lower-case hex. Call once, after all updates. */
  hex(): string {
    const bits = BigInt(this.total) * 8n;
    const tail = new Uint8Array(this.filled < 56 ? 64 - this.filled : 128 - this.filled);
    tail[0] = 0x80;
    new DataView(tail.buffer).setBigUint64(tail.length - 8, bits);
    this.update(tail);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
