// Noise product: y[t, o] += std · Σ_k x[t, k] · N(seed, module, draw; o·in + k). This is the change
// in a linear layer's output if Gaussian noise perturbs its weight. The noise is generated here and
// never stored.
//
// One workgroup computes a tile of 32 outputs × 32 inputs of N in workgroup memory and uses it for
// 32 tokens; workgroup_id = (output tile, token tile, draw). Integers are bit-exact with
// src/device/random.ts. Box–Muller is in f32 with its own polynomials, because WGSL guarantees only
// 2^-11 for sin and cos.

struct Sizes {
  tokens: u32,
  inputs: u32,
  outputs: u32,
  column: u32,   // first column of this module in a packed product
  stride: u32,   // columns of the whole product
}
struct Draw {
  k1: u32,
  k2: u32,
  row: u32,      // first row of the slot this draw writes
  bias: u32,     // 1: also perturb the bias, elements out·in …
  scale: f32,    // standard deviation
  pad0: u32, pad1: u32, pad2: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<Draw>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

const TILE = 32u;
const PADDED = 33u;   // odd row length: no bank conflicts
var<workgroup> noise: array<f32, 1056>;    // [output][input]
var<workgroup> xs: array<f32, 1056>;       // [token][input]

fn mix(v: u32) -> u32 {
  var h = v;
  h ^= h >> 16u; h *= 0x85ebca6bu; h ^= h >> 13u; h *= 0xc2b2ae35u; h ^= h >> 16u;
  return h;
}

fn bits(d: Draw, i: u32) -> u32 { return mix(mix(i ^ d.k1) ^ d.k2); }

// −ln((m + ½) / 2³²), with full relative accuracy even near 0 (m near 2³²).
fn minus_log(m: u32) -> f32 {
  var e = countLeadingZeros(m);
  // (m + ½) · 2^e as an integer in [2³¹, 2³²); for m = 0 (e = 32) only the ½ remains.
  let n = select(m, (m << (e & 31u)) | (1u << ((e - 1u) & 31u)), e > 0u);
  let f = f32(n) * 0x1p-32;                                     // [½, 1]
  var g = f - 1.0;
  if (f < 0.70710678) { e += 1u; g = 2.0 * f - 1.0; }            // [1/√2, √2)
  else if (e == 0u) { g = -(f32(~m) + 0.5) * 0x1p-32; }          // exact where f rounds towards 1
  let s = g / (2.0 + g);
  let q = s * s;
  let ln = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0)))));
  return f32(e) * 0.69314718 - ln;
}

// (cos, sin) of 2π (m + ½) / 2³²: the top bits select the nearest quarter turn, the rest is at most
// π/4.
fn turn(m: u32) -> vec2f {
  let quarter = (m + 0x20000000u) >> 30u;
  let a = (f32(bitcast<i32>(m - (quarter << 30u))) + 0.5) * 1.4629180792671596e-9;
  let q = a * a;
  let s = a * (1.0 + q * (-1.0 / 6.0 + q * (1.0 / 120.0 + q * (-1.0 / 5040.0 + q * (1.0 / 362880.0)))));
  let c = 1.0 + q * (-0.5 + q * (1.0 / 24.0 + q * (-1.0 / 720.0 + q * (1.0 / 40320.0))));
  var r = select(vec2f(c, s), vec2f(-s, c), (quarter & 1u) == 1u);
  return select(r, -r, (quarter & 2u) == 2u);
}

// Normals 2p and 2p + 1 of the stream (i = 2p).
fn normal_pair(d: Draw, i: u32) -> vec2f { return sqrt(2.0 * minus_log(bits(d, i))) * turn(bits(d, i + 1u)); }

@compute @workgroup_size(256)
fn noise_product(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let d = draws[group.z];
  let o0 = group.x * TILE;
  let t0 = group.y * TILE;
  let column = lane % TILE;
  let first_token = lane / TILE;             // this lane's tokens: first_token + 8·j
  // If the row length is odd, a row may start in the middle of a pair.
  let pairs = TILE / 2u + (sizes.inputs & 1u);
  var sum = vec4f();
  for (var k0 = 0u; k0 < sizes.inputs; k0 += TILE) {
    for (var n = lane; n < TILE * pairs; n += 256u) {
      let row = n / pairs;
      let start = (o0 + row) * sizes.inputs + k0;
      let even = (start & ~1u) + 2u * (n % pairs);
      let z = normal_pair(d, even);
      let k = i32(even) - i32(start);        // −1 … TILE
      if (k >= 0 && k < 32) { noise[row * PADDED + u32(k)] = z.x; }
      if (k + 1 < 32) { noise[row * PADDED + u32(k + 1)] = z.y; }
    }
    for (var n = lane; n < TILE * TILE; n += 256u) {
      let t = t0 + n / TILE;
      let k = k0 + n % TILE;
      // Zero beyond the row, so that noise of the next row adds nothing.
      var v = 0.0;
      if (t < sizes.tokens && k < sizes.inputs) { v = x[t * sizes.inputs + k]; }
      xs[(n / TILE) * PADDED + n % TILE] = v;
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) {
      let z = noise[column * PADDED + k];
      sum += z * vec4f(xs[first_token * PADDED + k], xs[(first_token + 8u) * PADDED + k],
                       xs[(first_token + 16u) * PADDED + k], xs[(first_token + 24u) * PADDED + k]);
    }
    workgroupBarrier();
  }
  let o = o0 + column;
  if (o >= sizes.outputs) { return; }
  if (d.bias == 1u) {
    let i = sizes.outputs * sizes.inputs + o;
    let z = normal_pair(d, i & ~1u);
    sum += select(z.x, z.y, (i & 1u) == 1u);
  }
  for (var j = 0u; j < 4u; j++) {
    let t = t0 + first_token + 8u * j;
    if (t < sizes.tokens) { y[(d.row + t) * sizes.stride + sizes.column + o] += d.scale * sum[j]; }
  }
}
