/**
 * The counter-based generator. Every random number has a name, `(seed, a, b, i)`, and no state.
 * [methods.md §7]
 *
 * `mix` is murmur3's 32-bit finaliser. `a` is the module index, `b` the draw, `i` the element in
 * row-major order. `shaders/noise-product.wgsl` and the PyTorch references compute the same bits.
 */

/** murmur3 fmix32 of a 32-bit integer. Returns an unsigned 32-bit integer. */
export function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return x >>> 0;
}

/** The two keys of a stream `(seed, a, b)`. Each number of the stream costs two more mixes. */
export interface StreamKeys {
  k1: number;
  k2: number;
}

export function streamKeys(seed: number, a: number, b: number): StreamKeys {
  const k1 = mix(mix(mix((seed + 0x9e3779b9) >>> 0) ^ a) ^ b);
  return { k1, k2: mix((k1 + 0x9e3779b9) >>> 0) };
}

/** Uniform in (0, 1), number `i` of the stream. */
export function uniform({ k1, k2 }: StreamKeys, i: number): number {
  return (mix(mix((i ^ k1) >>> 0) ^ k2) + 0.5) / 4294967296;
}

/**
 * Standard normal number `i` of the stream, by the formula of Box–Muller. The pair `2p, 2p + 1`
 * shares a radius.
 */
export function normal(keys: StreamKeys, i: number): number {
  const even = i - (i & 1);
  const r = Math.sqrt(-2 * Math.log(uniform(keys, even)));
  const t = 2 * Math.PI * uniform(keys, even + 1);
  return Math.fround(r * ((i & 1) === 0 ? Math.cos(t) : Math.sin(t)));
}

/**
 * Fills `out` with +1 or −1, each with probability ½: the top bits of numbers
 * `first … first + out.length − 1` of the stream.
 */
export function fillSigns({ k1, k2 }: StreamKeys, out: Float32Array, first: number): Float32Array {
  for (let i = 0; i < out.length; i++)
    out[i] = 1 - 2 * (mix(mix(((first + i) ^ k1) >>> 0) ^ k2) >>> 31);
  return out;
}

// `fillNormal` computes the same numbers without log, cos or sin. Both arguments are 32-bit
// integers: the top bits select a table entry, and a short polynomial in double precision adds the
// rest. Errors are below 1e-14. CPU probes, which need hundreds of millions, use `simd-noise.ts`.

const LOG_BITS = 7;
const LOG_SIZE = 1 << LOG_BITS;
/** 2^(z−32): scales an integer with z leading zeros to [½, 1). */
const SCALE = Float64Array.from({ length: 33 }, (_, z) => 2 ** (z - 32));
const LOG_CENTRE = Float64Array.from({ length: LOG_SIZE }, (_, j) =>
  // Near 1 the logarithm is small and must stay exact relative to its size, so expand at 1.
  j === LOG_SIZE - 1 ? 1 : 0.5 + (j + 0.5) / (2 * LOG_SIZE),
);
const LOG_INVERSE = LOG_CENTRE.map((c) => 1 / c);
// ln of the centre as given by the rounded inverse, which cancels the rounding of 1/c.
const LOG_VALUE = LOG_INVERSE.map((v) => -Math.log(v));

const TURN_BITS = 8;
const TURN_SIZE = 1 << TURN_BITS;
const TURN_REST = 2 ** (32 - TURN_BITS);
const TURN_COS = Float64Array.from({ length: TURN_SIZE }, (_, j) =>
  Math.cos((2 * Math.PI * (j + 0.5)) / TURN_SIZE),
);
const TURN_SIN = Float64Array.from({ length: TURN_SIZE }, (_, j) =>
  Math.sin((2 * Math.PI * (j + 0.5)) / TURN_SIZE),
);
const TURN_STEP = (2 * Math.PI) / 4294967296;

/**
 * Fills `out` with standard normals `first … first + out.length − 1` of the stream, times `scale`.
 * Before scaling, each is within one float32 unit in the last place of `normal(keys, i)`.
 */
export function fillNormal(
  keys: StreamKeys,
  out: Float32Array,
  first = 0,
  scale = 1,
): Float32Array {
  const { k1, k2 } = keys;
  const length = out.length;
  let n = 0;
  if ((first & 1) === 1 && length > 0) out[n++] = normal(keys, first) * scale;
  for (; n + 1 < length; n += 2) {
    const even = first + n;
    const m = mix(mix((even ^ k1) >>> 0) ^ k2);
    const z = Math.clz32(m);
    const j = ((m << z) >>> (31 - LOG_BITS)) & (LOG_SIZE - 1);
    const t = (m + 0.5) * SCALE[z]! * LOG_INVERSE[j]! - 1;
    const ln =
      LOG_VALUE[j]! - z * Math.LN2 + t * (1 + t * (-0.5 + t * (1 / 3 + t * (-0.25 + t * 0.2))));
    const r = Math.sqrt(-2 * ln);

    const w = mix(mix(((even + 1) ^ k1) >>> 0) ^ k2);
    const q = w >>> (32 - TURN_BITS);
    const d = ((w & (TURN_REST - 1)) + 0.5 - TURN_REST / 2) * TURN_STEP;
    const dd = d * d;
    const s = d * (1 - dd * (1 / 6 - dd / 120));
    const c = 1 - dd * (0.5 - dd * (1 / 24 - dd / 720));
    const cos = TURN_COS[q]!;
    const sin = TURN_SIN[q]!;
    out[n] = Math.fround(r * (cos * c - sin * s)) * scale;
    out[n + 1] = Math.fround(r * (sin * c + cos * s)) * scale;
  }
  if (n < length) out[n] = normal(keys, first + n) * scale;
  return out;
}
