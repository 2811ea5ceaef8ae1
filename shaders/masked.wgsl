// Masked LoRA on a pruned weight (LoSA, methods.md §4): W' = M ⊙ (W + s·B A), and its gradients
// through the mask.
//
//   merge        out[o, k] = bit(o, k) · (weight[o, k] + s Σ_r Bᵀ[r, o] A[r, k])
//   gradient     g[o, k] = bit(o, k) · Σ_t dy[t, o] x[t, k], one module at a time
//   to_a         dA[r, k] = s Σ_o Bᵀ[r, o] g[o, k]
//   to_b         dBᵀ[r, o] = s Σ_k A[r, k] g[o, k]
//
// A is [rank, in], Bᵀ [rank, out]. The mask has one bit per weight over [out, in], row-major, bit 0
// first, 1 = retained.

struct Sizes {
  outputs: u32,
  inputs: u32,
  rank: u32,
  first: u32,      // merge: index of the module's first value in a packed weight
  has_mask: u32,
  tokens: u32,     // gradient
  column: u32,     // gradient: first column of the module in a packed product
  stride: u32,     // gradient: columns of the whole product
  scale: f32,
}
@group(0) @binding(0) var<storage, read> left: array<f32>;            // merge: weight; gradient: x; to_a, to_b: g
@group(0) @binding(1) var<storage, read> mask: array<u32>;            // merge, gradient
@group(0) @binding(2) var<storage, read> a: array<f32>;               // merge, to_b: A; gradient: dy
@group(0) @binding(3) var<storage, read> b: array<f32>;               // merge, to_a: Bᵀ
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

fn kept(i: u32) -> bool { return ((mask[i / 32u] >> (i % 32u)) & 1u) == 1u; }

@compute @workgroup_size(16, 16)
fn merge(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  let o = id.y;
  if (o >= sizes.outputs || k >= sizes.inputs) { return; }
  let i = o * sizes.inputs + k;
  var value = 0.0;
  if (sizes.has_mask == 0u || kept(i)) {
    var sum = 0.0;
    for (var r = 0u; r < sizes.rank; r++) { sum += b[r * sizes.outputs + o] * a[r * sizes.inputs + k]; }
    value = left[sizes.first + i] + sizes.scale * sum;
  }
  out[sizes.first + i] = value;
}

const TILE = 16u;
var<workgroup> xs: array<f32, 256>;      // [token][k]
var<workgroup> dys: array<f32, 256>;     // [token][o]

// workgroup_id = (inputs / 16, outputs / 16).
@compute @workgroup_size(16, 16)
fn gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let k = group.x * TILE + id.x;
  let o = group.y * TILE + id.y;
  var sum = 0.0;
  for (var t0 = 0u; t0 < sizes.tokens; t0 += TILE) {
    let t = t0 + id.y;
    let column = group.y * TILE + id.x;
    var x = 0.0;
    var dy = 0.0;
    if (t < sizes.tokens && k < sizes.inputs) { x = left[t * sizes.inputs + k]; }
    if (t < sizes.tokens && column < sizes.outputs) { dy = a[t * sizes.stride + sizes.column + column]; }
    xs[id.y * TILE + id.x] = x;
    dys[id.y * TILE + id.x] = dy;
    workgroupBarrier();
    for (var j = 0u; j < TILE; j++) { sum += dys[j * TILE + id.y] * xs[j * TILE + id.x]; }
    workgroupBarrier();
  }
  if (o < sizes.outputs && k < sizes.inputs) {
    let i = o * sizes.inputs + k;
    out[i] = select(0.0, sum, sizes.has_mask == 0u || kept(i));
  }
}

// One column of one rank per lane. workgroup_id = (inputs / 64, rank).
@compute @workgroup_size(64)
fn to_a(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  let r = id.y;
  if (k >= sizes.inputs) { return; }
  var sum = 0.0;
  for (var o = 0u; o < sizes.outputs; o++) { sum += b[r * sizes.outputs + o] * left[o * sizes.inputs + k]; }
  out[r * sizes.inputs + k] = sizes.scale * sum;
}

var<workgroup> partial: array<f32, 64>;

// One output of one rank per workgroup; the lanes share the inputs. workgroup_id = (outputs, rank).
@compute @workgroup_size(64)
fn to_b(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let o = group.x;
  let r = group.y;
  var sum = 0.0;
  for (var k = lane; k < sizes.inputs; k += 64u) { sum += a[r * sizes.inputs + k] * left[o * sizes.inputs + k]; }
  partial[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { partial[lane] += partial[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { out[r * sizes.outputs + o] = sizes.scale * partial[0]; }
}
