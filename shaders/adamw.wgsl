// One AdamW step on resident buffers: decoupled weight decay (Loshchilov & Hutter), with the
// arithmetic of torch.optim.AdamW. Clips the gradient by its global norm like torch's
// clip_grad_norm_.
//
// If the global norm is NaN or infinite, the step changes nothing.

struct Sizes {
  first: u32,          // first value to update
  count: u32,
  grid: u32,           // invocations along x
  clip: u32,           // 0: the norm is only checked
  max_norm: f32,
  keep: f32,           // 1 − learning rate · weight decay
  beta1: f32,
  rest1: f32,          // 1 − β₁, rounded once
  beta2: f32,
  rest2: f32,
  size: f32,           // learning rate / (1 − β₁ᵗ)
  root: f32,           // √(1 − β₂ᵗ)
  epsilon: f32,
}
@group(0) @binding(0) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;       // first moment
@group(0) @binding(3) var<storage, read_write> square: array<f32>;     // second moment
@group(0) @binding(4) var<storage, read> squared_norm: array<f32>;     // Σ g² over all gradients
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(256)
fn adamw(@builtin(global_invocation_id) id: vec3u) {
  let n = id.y * sizes.grid + id.x;
  let squared = squared_norm[0];
  // Tests the bits: a compiler may assume that floats are finite.
  if (n >= sizes.count || (bitcast<u32>(squared) & 0x7f800000u) == 0x7f800000u) { return; }
  let i = sizes.first + n;
  var factor = 1.0;
  if (sizes.clip == 1u) { factor = min(1.0, sizes.max_norm / (sqrt(squared) + 1e-6)); }
  let g = gradient[i] * factor;
  let m = sizes.beta1 * mean[i] + sizes.rest1 * g;
  let v = sizes.beta2 * square[i] + sizes.rest2 * g * g;
  mean[i] = m;
  square[i] = v;
  parameter[i] = parameter[i] * sizes.keep - sizes.size * m / (sqrt(v) / sizes.root + sizes.epsilon);
}
