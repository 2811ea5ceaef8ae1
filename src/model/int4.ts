/**
 * Quantises weights to 4 bits, rounded to nearest in blocks: the format of `_q4` exports
 * (MatMulNBits without zero points). Code 8 is zero, so pruned weights stay exactly zero.
 */

export interface Int4 {
  /** [rows, ⌈columns / block⌉, block / 2], low nibble first. */
  packed: Uint8Array;
  /** [rows, ⌈columns / block⌉]. */
  scales: Float32Array;
  block: number;
}

/** The block size of q4 exports. */
export const INT4_BLOCK = 32;

/**
 * Quantises `weights` [rows, columns]. Exporters use two scales: w/−8, with the largest magnitude
 * at the end of the codes, or the symmetric |w|/7. Each block takes the one with the smaller error,
 * so that weights that came from 4 bits are restored unchanged.
 */
export function quantiseInt4(
  weights: Float32Array,
  rows: number,
  columns: number,
  block = INT4_BLOCK,
): Int4 {
  const blocks = Math.ceil(columns / block);
  const scales = new Float32Array(rows * blocks);
  const packed = new Uint8Array((rows * blocks * block) / 2).fill(0x88);
  for (let b = 0; b < rows * blocks; b++) {
    const row = Math.floor(b / blocks);
    const first = row * columns + (b % blocks) * block;
    const end = Math.min(first + block, (row + 1) * columns);
    let max = 0;
    for (let i = first; i < end; i++) if (Math.abs(weights[i]!) > Math.abs(max)) max = weights[i]!;
    if (max === 0) continue;
    const [full, even] = [Math.fround(max / -8), Math.fround(Math.abs(max) / 7)] as [
      number,
      number,
    ];
    const scale =
      errorOf(weights, first, end, full) < errorOf(weights, first, end, even) ? full : even;
    scales[b] = scale;
    for (let i = first; i < end; i++) {
      const code = codeOf(weights[i]!, scale) + 8;
      const at = (b * block + i - first) >> 1;
      packed[at] =
        (i - first) & 1 ? (packed[at]! & 0x0f) | (code << 4) : (packed[at]! & 0xf0) | code;
    }
  }
  return { packed, scales, block };
}

const codeOf = (w: number, scale: number): number =>
  Math.max(-8, Math.min(7, Math.round(w / scale)));

function errorOf(weights: Float32Array, first: number, end: number, scale: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += (weights[i]! - scale * codeOf(weights[i]!, scale)) ** 2;
  return sum;
}

/** The dequantised weights, [rows, columns]. */
export function dequantiseInt4(
  { packed, scales, block }: Int4,
  rows: number,
  columns: number,
): Float32Array {
  const blocks = Math.ceil(columns / block);
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < columns; k++) {
      const b = row * blocks + Math.floor(k / block);
      const at = b * block + (k % block);
      const byte = packed[at >> 1]!;
      out[row * columns + k] = ((at & 1 ? byte >> 4 : byte & 15) - 8) * scales[b]!;
    }
  }
  return out;
}

/** Stored size in bytes. */
export const int4Bytes = ({ packed, scales }: Int4): number =>
  packed.byteLength + scales.byteLength;
