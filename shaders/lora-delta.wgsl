// LoRA delta: out[o, k] = base[o, k] + s · Σ_r B[o, r] A[r, k] · mask[o, k]; base and mask are
// optional.
//
// Shows the effect of an adapter on a weight. A is [rank, in], B [out, rank], both row-major. The
// mask has one bit per weight, row-major, bit 0 first, 1 = retained (LoSA's sparse adapters).

struct Sizes {
  outputs: u32,
  inputs: u32,
  rank: u32,
  has_base: u32,
  has_mask: u32,
  scale: f32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> base: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(16, 16)
fn lora_delta(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  let o = id.y;
  if (o >= sizes.outputs || k >= sizes.inputs) { return; }
  let i = o * sizes.inputs + k;
  var sum = 0.0;
  for (var r = 0u; r < sizes.rank; r++) { sum += b[o * sizes.rank + r] * a[r * sizes.inputs + k]; }
  if (sizes.has_mask == 1u && ((mask[i / 32u] >> (i % 32u)) & 1u) == 0u) { sum = 0.0; }
  var value = sizes.scale * sum;
  if (sizes.has_base == 1u) { value += base[i]; }
  out[i] = value;
}
