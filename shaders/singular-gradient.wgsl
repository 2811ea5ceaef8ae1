// Gradient of the loss with respect to singular components of a weight, σ_i g_i = σ_i u_iᵀ G v_i.
// The weight's gradient G = Σ_t dy_t x_tᵀ is never formed.
//
// Since σ_i v_i = Wᵀu_i and σ_i u_i = W v_i, the vectors of one side are enough:
//
//   Σ_t (u_i·dy_t)(u_i·y_t)   with y = W x, which the layer computes anyway
//   Σ_t (v_i·x_t)(v_i·z_t)    with z_t = Wᵀ dy_t, from `back`
//
// `project` in adapter-gradient.wgsl computes the projections. `combine` multiplies them and sums
// over the tokens of each sequence. Both are [tokens, stride]; the first `count` columns are used.

struct Sizes {
  length: u32,     // tokens of a sequence
  count: u32,
  stride: u32,
  place: u32,      // index of the first sum
}
@group(0) @binding(0) var<storage, read> outputs: array<f32>;
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradients: array<f32>;   // [sequences, count]
@group(0) @binding(3) var<uniform> sizes: Sizes;

// One component per lane; workgroup_id = (components / 64, sequence).
@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= sizes.count) { return; }
  var sum = 0.0;
  for (var t = id.y * sizes.length; t < (id.y + 1u) * sizes.length; t++) {
    sum += outputs[t * sizes.stride + i] * inputs[t * sizes.stride + i];
  }
  gradients[sizes.place + id.y * sizes.count + i] = sum;
}

struct BackSizes {
  tokens: u32,
  rows: u32,       // rows of the weight to use
  first: u32,      // first of these rows
  width: u32,      // values per row
  column: u32,     // column of dy with the first row's gradient
  stride: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<f32>;                // [tokens, stride]
@group(0) @binding(1) var<storage, read> weight: array<f32>;            // [rows, width]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;           // [tokens, width]
@group(0) @binding(3) var<uniform> back_sizes: BackSizes;

// Four tokens by 64 inputs; workgroup_id = (inputs / 64, tokens / 4).
@compute @workgroup_size(64)
fn back(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  if (k >= back_sizes.width) { return; }
  let t0 = id.y * 4u;
  let last = back_sizes.tokens - 1u;
  // Tokens beyond the last repeat it; their results are not written.
  let at = min(vec4u(t0, t0 + 1u, t0 + 2u, t0 + 3u), vec4u(last)) * back_sizes.stride + back_sizes.column;
  var sum = vec4f();
  for (var o = 0u; o < back_sizes.rows; o++) {
    sum += weight[(back_sizes.first + o) * back_sizes.width + k] * vec4f(dy[at.x + o], dy[at.y + o], dy[at.z + o], dy[at.w + o]);
  }
  for (var i = 0u; i < 4u; i++) {
    if (t0 + i < back_sizes.tokens) { z[(t0 + i) * back_sizes.width + k] = sum[i]; }
  }
}
