// The noise product on a CPU's vector unit: y[t, r] = Σ_k x[t, k] · N((first + r) · inputs + k).
// The arithmetic is that of noise-product.wgsl, four values at a time.
// AssemblyScript: `npm run generate:simd` compiles this file into src/device/gen/.
//
// Eight rows of noise are generated at a time, used for all tokens and overwritten.

/** Rows of noise in memory. */
const ROWS = 8;

@inline
function mix(h: v128): v128 {
  h = v128.xor(h, i32x4.shr_u(h, 16));
  h = i32x4.mul(h, i32x4.splat(0x85ebca6b));
  h = v128.xor(h, i32x4.shr_u(h, 13));
  h = i32x4.mul(h, i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** a · b + c. */
@inline
function madd(a: v128, b: v128, c: f32): v128 { return f32x4.add(f32x4.mul(a, b), f32x4.splat(c)); }

/** √(−2 ln u) of u = (m + ½) / 2³². */
@inline
function radius(m: v128): v128 {
  // Use the nearer end of (0, 1), c = u below ½ and 1 − u above, for full relative accuracy.
  const upper = i32x4.shr_s(m, 31);
  const c = f32x4.mul(f32x4.add(f32x4.convert_i32x4_s(v128.xor(m, upper)), f32x4.splat(0.5)), f32x4.splat(2.3283064365386963e-10));
  const u = v128.bitselect(f32x4.sub(f32x4.splat(1), c), c, upper);
  // u = 2^e (1 + g) with 1 + g in [1/√2, √2); e = 0 is near 1, where g is exactly −c.
  const bits = i32x4.sub(u, i32x4.splat(0x3f3504f3)), e = i32x4.shr_s(bits, 23);
  const mantissa = i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const g = v128.bitselect(f32x4.neg(c), f32x4.sub(mantissa, f32x4.splat(1)), i32x4.eq(e, i32x4.splat(0)));
  // −2 ln(1 + g) = −4 artanh(s).
  const s = f32x4.div(g, f32x4.add(g, f32x4.splat(2))), q = f32x4.mul(s, s);
  const series = madd(q, madd(q, madd(q, madd(q, f32x4.splat(-4.0 / 9.0), -4.0 / 7.0), -4.0 / 5.0), -4.0 / 3.0), -4.0);
  return f32x4.sqrt(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(e), f32x4.splat(-1.3862944)), f32x4.mul(s, series)));
}

/**
 * Writes float32 normals of the stream to address `at`, starting at the even index `first`: `count`
 * of them, rounded up to a multiple of 8.
 */
export function fill(at: usize, count: i32, first: i32, k1: i32, k2: i32): void {
  const key1 = i32x4.splat(k1), key2 = i32x4.splat(k2), sign = i32x4.splat(0x80000000);
  let i = i32x4.add(i32x4.splat(first), i32x4(0, 2, 4, 6));
  for (const end = at + 4 * count; at < end; at += 32) {
    const m = mix(v128.xor(mix(v128.xor(i, key1)), key2)), w = mix(v128.xor(mix(v128.xor(v128.or(i, i32x4.splat(1)), key1)), key2));
    i = i32x4.add(i, i32x4.splat(8));
    const r = radius(m);
    // The nearest quarter turn, and the rest of at most π/4.
    const turn = i32x4.add(w, i32x4.splat(0x20000000)), rest = i32x4.sub(v128.and(turn, i32x4.splat(0x3fffffff)), i32x4.splat(0x20000000));
    const a = f32x4.mul(f32x4.add(f32x4.convert_i32x4_s(rest), f32x4.splat(0.5)), f32x4.splat(1.4629180792671596e-9)), q = f32x4.mul(a, a);
    const sin = f32x4.mul(a, madd(q, madd(q, madd(q, madd(q, f32x4.splat(1.0 / 362880.0), -1.0 / 5040.0), 1.0 / 120.0), -1.0 / 6.0), 1.0));
    const cos = madd(q, madd(q, madd(q, madd(q, f32x4.splat(1.0 / 40320.0), -1.0 / 720.0), 1.0 / 24.0), -0.5), 1.0);
    // Odd quarters swap sine and cosine. The cosine is negative in quarters 1 and 2, the sine in
    // quarters 2 and 3.
    const swap = v128.and(v128.xor(sin, cos), i32x4.shr_s(i32x4.shl(turn, 1), 31));
    const x = f32x4.mul(r, v128.xor(v128.xor(cos, swap), v128.and(i32x4.add(turn, i32x4.splat(0x40000000)), sign)));
    const y = f32x4.mul(r, v128.xor(v128.xor(sin, swap), v128.and(turn, sign)));
    v128.store(at, v128.shuffle<f32>(x, y, 0, 4, 1, 5));
    v128.store(at, v128.shuffle<f32>(x, y, 2, 6, 3, 7), 16);
  }
}

@inline
function sum(v: v128): f32 { return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3)); }

/**
 * Multiplies four tokens (rows of `width` bytes from `x` on) by two rows of noise, `a` and `b`, and
 * writes to four rows of `rows` bytes from `y` on.
 */
@inline
function tile(a: usize, b: usize, x: usize, width: usize, y: usize, rows: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (let k: usize = 0; k < width; k += 16) {
    const na = v128.load(a + k), nb = v128.load(b + k), at = x + k;
    const x0 = v128.load(at), x1 = v128.load(at + width), x2 = v128.load(at + 2 * width), x3 = v128.load(at + 3 * width);
    a0 = f32x4.add(a0, f32x4.mul(na, x0)); b0 = f32x4.add(b0, f32x4.mul(nb, x0));
    a1 = f32x4.add(a1, f32x4.mul(na, x1)); b1 = f32x4.add(b1, f32x4.mul(nb, x1));
    a2 = f32x4.add(a2, f32x4.mul(na, x2)); b2 = f32x4.add(b2, f32x4.mul(nb, x2));
    a3 = f32x4.add(a3, f32x4.mul(na, x3)); b3 = f32x4.add(b3, f32x4.mul(nb, x3));
  }
  f32.store(y, sum(a0)); f32.store(y, sum(b0), 4);
  f32.store(y + rows, sum(a1)); f32.store(y + rows, sum(b1), 4);
  f32.store(y + 2 * rows, sum(a2)); f32.store(y + 2 * rows, sum(b2), 4);
  f32.store(y + 3 * rows, sum(a3)); f32.store(y + 3 * rows, sum(b3), 4);
}

/**
 * `x` is [tokens, width / 4] and `y` is [tokens, rows], float32. `tokens` is a multiple of 4,
 * `rows` of 8. `width` is the size of a row of x in bytes, a multiple of 16; zeros follow the row's
 * `inputs` values. `noise` is a workspace of 8 · (width + 64) bytes.
 */
export function noiseProduct(noise: usize, x: usize, y: usize, tokens: i32, inputs: i32, width: usize, rows: i32, first: i32, k1: i32, k2: i32): void {
  const room: usize = width + 64;
  for (let r = 0; r < rows; r += ROWS) {
    for (let j = 0; j < ROWS; j++) {
      const start = (first + r + j) * inputs;
      fill(noise + <usize>j * room, <i32>(width >> 2) + (start & 1), start & ~1, k1, k2);
    }
    for (let t = 0; t < tokens; t += 4) {
      for (let j = 0; j < ROWS; j += 2) {
        // If the row length is odd, a row may start in the middle of a pair.
        const start = (first + r + j) * inputs, a = noise + <usize>j * room, b = a + room;
        tile(a + 4 * (start & 1), b + 4 * ((start + inputs) & 1), x + <usize>t * width, width, y + 4 * (<usize>t * rows + r + j), 4 * rows);
      }
    }
  }
}
