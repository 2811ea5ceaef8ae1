/**
 * Products of dense matrices in double precision, row-major. Inner loops run along memory and do several products with what they
 * have read, since V8 makes scalar code of them: about twice as fast as one product at a time.
 */

/** a aᵀ [rows, rows]. */
export function gram(a: Float64Array, rows: number): Float64Array {
  const length = a.length / rows, out = new Float64Array(rows * rows);
  const set = (i: number, j: number, sum: number) => { out[i * rows + j] = out[j * rows + i] = sum; };
  for (let i = 0; i < rows; i += 2) {
    const x = i * length, y = i + 1 < rows ? x + length : x;
    for (let j = 0; j <= i; j += 2) {
      const p = j * length, q = j + 1 < rows ? p + length : p;
      let xp = 0, xq = 0, yp = 0, yq = 0;
      for (let k = 0; k < length; k++) {
        const ax = a[x + k]!, ay = a[y + k]!, ap = a[p + k]!, aq = a[q + k]!;
        xp += ax * ap;
        xq += ax * aq;
        yp += ay * ap;
        yq += ay * aq;
      }
      set(i, j, xp);
      if (q > p) set(i, j + 1, xq);
      if (y > x) set(i + 1, j, yp);
      if (y > x && q > p) set(i + 1, j + 1, yq);
    }
  }
  return out;
}

/** a b, a [any, inner], b [inner, any]. */
export function product(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const rows = inner > 0 ? a.length / inner : 0, width = inner > 0 ? b.length / inner : 0, out = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const to = i * width;
    let j = 0;
    for (; j + 4 <= inner; j += 4) {
      const at = i * inner + j, p = a[at]!, q = a[at + 1]!, r = a[at + 2]!, s = a[at + 3]!, from = j * width, second = from + width, third = second + width, fourth = third + width;
      for (let k = 0; k < width; k++) out[to + k]! += p * b[from + k]! + q * b[second + k]! + r * b[third + k]! + s * b[fourth + k]!;
    }
    for (; j < inner; j++) {
      const factor = a[i * inner + j]!, from = j * width;
      for (let k = 0; k < width; k++) out[to + k]! += factor * b[from + k]!;
    }
  }
  return out;
}

export function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let r = 0; r < rows; r++) for (let k = 0; k < columns; k++) out[k * rows + r] = a[r * columns + k]!;
  return out;
}
