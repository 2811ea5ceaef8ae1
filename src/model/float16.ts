/**
 * IEEE half floats and bfloat16 to float32. Node 20 and many browsers have no Float16Array, so halves go
 * through a table of all 65,536 of them, made on first use.
 */

let table: Float32Array | null = null;

/** The value of every half float, indexed by its 16 bits. */
export function halfTable(): Float32Array {
  if (table) return table;
  table = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, fraction = h & 1023;
    table[h] = exponent === 0 ? sign * fraction * 2 ** -24
      : exponent === 31 ? (fraction ? NaN : sign * Infinity)
        : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

/** Half floats (little endian, any alignment) widened to float32; exact. */
export function halfToFloat32(bytes: Uint8Array): Float32Array {
  const halves = uint16View(bytes), values = halfTable();
  const out = new Float32Array(halves.length);
  for (let i = 0; i < out.length; i++) out[i] = values[halves[i]!]!;
  return out;
}

/** bfloat16 (little endian, any alignment) widened to float32; exact. */
export function bfloatToFloat32(bytes: Uint8Array): Float32Array {
  const halves = uint16View(bytes);
  return new Float32Array(Uint32Array.from(halves, (h) => h << 16).buffer);
}

/** A view where the bytes are aligned, a copy where they are not (not by slice: a Buffer's is a view). */
export function float32View(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 2);
}

export function uint16View(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 1);
}
