/**
 * Dense matrix products in double precision, row-major. Inner loops follow memory and compute
 * several products per value read, since V8 does not vectorise them. This is about twice as fast as
 * one product at a time.
 */

/** a aᵀ [rows, rows]. */
export function gram(a: Float64Array, rows: number): Float64Array {
  const length = a.length / rows;
  const out = new Float64Array(rows * rows);
  const set = (i: number, j: number, sum: number) => {
    out[i * rows + j] = out[j * rows + i] = sum;
  };
  for (let i = 0; i < rows; i += 2) {
    const x = i * length;
    const y = i + 1 < rows ? x + length : x;
    for (let j = 0; j <= i; j += 2) {
      const p = j * length;
      const q = j + 1 < rows ? p + length : p;
      let xp = 0;
      let xq = 0;
      let yp = 0;
      let yq = 0;
      for (let k = 0; k < length; k++) {
        const ax = a[x + k]!;
        const ay = a[y + k]!;
        const ap = a[p + k]!;
        const aq = a[q + k]!;
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
  const rows = a.length / inner;
  const width = b.length / inner;
  const out = new Float64Array(rows * width);
  const spare = new Float64Array(width);
  for (let i = 0; i < rows; i += 2) {
    const two = i + 1 < rows;
    const upper = out.subarray(i * width, (i + 1) * width);
    const lower = two ? out.subarray((i + 1) * width, (i + 2) * width) : spare;
    const x = i * inner;
    const y = two ? x + inner : x;
    let j = 0;
    for (; j + 4 <= inner; j += 4) {
      const p = a[x + j]!;
      const q = a[x + j + 1]!;
      const r = a[x + j + 2]!;
      const s = a[x + j + 3]!;
      const t = a[y + j]!;
      const u = a[y + j + 1]!;
      const v = a[y + j + 2]!;
      const w = a[y + j + 3]!;
      for (
        let k = 0,
          first = j * width,
          second = first + width,
          third = second + width,
          fourth = third + width;
        k < width;
        k++
      ) {
        const e = b[first + k]!;
        const f = b[second + k]!;
        const g = b[third + k]!;
        const h = b[fourth + k]!;
        upper[k]! += p * e + q * f + r * g + s * h;
        lower[k]! += t * e + u * f + v * g + w * h;
      }
    }
    for (; j < inner; j++) {
      const p = a[x + j]!;
      const t = a[y + j]!;
      const from = j * width;
      for (let k = 0; k < width; k++) {
        upper[k]! += p * b[from + k]!;
        lower[k]! += t * b[from + k]!;
      }
    }
  }
  return out;
}

export function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < columns; k++) out[k * rows + r] = a[r * columns + k]!;
  return out;
}
