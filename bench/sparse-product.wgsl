// y[t, o] = Σ_k x[t, k] · w[o, k], dense and with 2:4 sparsity, in tiles of 64 tokens × 64 outputs.
// One thread computes 4 × 4 outputs. The two entry points differ only in how a weight finds its
// input.
//
// 2:4: two weights of every four inputs are retained. `w` is [outputs, inputs / 2]. `places` has
// two bits per weight, its position among the four: 32 bits hold the 16 retained weights of 32
// inputs. `inputs` is a multiple of 32.

struct Sizes { tokens: u32, inputs: u32, outputs: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

const TILE = 64u;
const STEP = 32u;                               // inputs at a time
var<workgroup> xs: array<f32, 2112>;            // [32 inputs][66: 64 tokens, padded]
var<workgroup> ws: array<f32, 2112>;            // [32 or 16 weights][66: 64 outputs, padded]
var<workgroup> ps: array<u32, 64>;              // places of 16 weights, by output
const ROW = 66u;

fn load_inputs(t0: u32, k0: u32, lane: u32) {
  for (var n = lane; n < STEP * TILE; n += 256u) {
    let t = t0 + n / STEP;
    let k = n % STEP;
    xs[k * ROW + n / STEP] = select(0.0, x[min(t, sizes.tokens - 1u) * sizes.inputs + k0 + k], t < sizes.tokens);
  }
}

fn load_weights(o0: u32, k0: u32, count: u32, width: u32, lane: u32) {
  for (var n = lane; n < count * TILE; n += 256u) {
    let o = o0 + n / count;
    let k = n % count;
    ws[k * ROW + n / count] = select(0.0, w[min(o, sizes.outputs - 1u) * width + k0 + k], o < sizes.outputs);
  }
}

fn store(t0: u32, o0: u32, lane: u32, sum: array<vec4f, 4>) {
  for (var i = 0u; i < 4u; i++) {
    let o = o0 + 4u * (lane % 16u) + i;
    for (var j = 0u; j < 4u; j++) {
      let t = t0 + 4u * (lane / 16u) + j;
      if (o < sizes.outputs && t < sizes.tokens) { y[t * sizes.outputs + o] = sum[i][j]; }
    }
  }
}

@compute @workgroup_size(256)
fn dense(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o0 = group.x * TILE;
  let t0 = group.y * TILE;
  let o = 4u * (lane % 16u);
  let t = 4u * (lane / 16u);
  var sum: array<vec4f, 4>;
  for (var k0 = 0u; k0 < sizes.inputs; k0 += STEP) {
    load_inputs(t0, k0, lane);
    load_weights(o0, k0, STEP, sizes.inputs, lane);
    workgroupBarrier();
    for (var k = 0u; k < STEP; k++) {
      let a = k * ROW + t;
      let v = vec4f(xs[a], xs[a + 1u], xs[a + 2u], xs[a + 3u]);
      let b = k * ROW + o;
      for (var i = 0u; i < 4u; i++) { sum[i] += ws[b + i] * v; }
    }
    workgroupBarrier();
  }
  store(t0, o0, lane, sum);
}

@compute @workgroup_size(256)
fn sparse(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o0 = group.x * TILE;
  let t0 = group.y * TILE;
  let o = 4u * (lane % 16u);
  let t = 4u * (lane / 16u);
  let width = sizes.inputs / 2u;
  var sum: array<vec4f, 4>;
  for (var k0 = 0u; k0 < sizes.inputs; k0 += STEP) {
    load_inputs(t0, k0, lane);
    load_weights(o0, k0 / 2u, STEP / 2u, width, lane);
    if (lane < TILE) { ps[lane] = places[min(o0 + lane, sizes.outputs - 1u) * (sizes.inputs / 32u) + k0 / 32u]; }
    workgroupBarrier();
    for (var i = 0u; i < 4u; i++) {
      var p = ps[o + i];
      for (var n = 0u; n < STEP / 2u; n++) {
        let a = ((n / 2u) * 4u + (p & 3u)) * ROW + t;
        p >>= 2u;
        sum[i] += ws[n * ROW + o + i] * vec4f(xs[a], xs[a + 1u], xs[a + 2u], xs[a + 3u]);
      }
    }
    workgroupBarrier();
  }
  store(t0, o0, lane, sum);
}
