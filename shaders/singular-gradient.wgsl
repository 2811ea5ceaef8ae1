// Gradients of singular values, g_i = u_iᵀ G v_i = Σ_t (u_i·dy_t)(v_i·x_t), without ever forming G = Σ_t dy_t x_tᵀ.
//
// The two projections are made by `project` in adapter-gradient.wgsl; here they are multiplied and summed over the tokens of
// each sequence. Both are [tokens, stride], of which the first `count` columns are meant.

struct Sizes {
  length: u32,     // tokens of a sequence
  count: u32,
  stride: u32,
  place: u32,      // where the first sum goes
}
@group(0) @binding(0) var<storage, read> outputs: array<f32>;
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
@group(0) @binding(2) var<storage, read_write> gradients: array<f32>;   // [sequences, count]
@group(0) @binding(3) var<uniform> sizes: Sizes;

// One component a lane; workgroup_id = (components / 64, sequence).
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
