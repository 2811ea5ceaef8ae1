/**
 * The counter-based generator: every random number has a name, `(seed, a, b, i)`, and no state.
 *
 * `mix` is murmur3's 32-bit finaliser. `a` is the module index, `b` the draw, `i` the element in
 * row-major order. The same bits come out of `shaders/noise-product.wgsl` and of the PyTorch references.
 */

/** murmur3 fmix32 on a 32-bit integer; returns an unsigned 32-bit integer. */
export function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return x >>> 0;
}

/** The two keys of a stream `(seed, a, b)`; each draw of the stream costs two more mixes. */
export interface StreamKeys { k1: number; k2: number }

export function streamKeys(seed: number, a: number, b: number): StreamKeys {
  const k1 = mix(mix(mix((seed + 0x9e3779b9) >>> 0) ^ a) ^ b);
  return { k1, k2: mix((k1 + 0x9e3779b9) >>> 0) };
}

/** Uniform in (0, 1), number `i` of the stream. */
export function uniform({ k1, k2 }: StreamKeys, i: number): number {
  return (mix(mix((i ^ k1) >>> 0) ^ k2) + 0.5) / 4294967296;
}

/** Fill `out` with standard normals `first … first + out.length − 1` of the stream, times `scale` (Box–Muller, pairs share a radius). */
export function fillNormal(keys: StreamKeys, out: Float32Array, first = 0, scale = 1): Float32Array {
  for (let n = 0; n < out.length; ) {
    const index = first + n, pair = index >>> 1;
    const r = Math.sqrt(-2 * Math.log(uniform(keys, 2 * pair)));
    const t = 2 * Math.PI * uniform(keys, 2 * pair + 1);
    if ((index & 1) === 0) out[n++] = Math.fround(r * Math.cos(t)) * scale;
    if (n < out.length && first + n === 2 * pair + 1) out[n++] = Math.fround(r * Math.sin(t)) * scale;
  }
  return out;
}
