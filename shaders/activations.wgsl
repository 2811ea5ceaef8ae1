// Statistics of activations on the device (methods.md §4).
//
//   columns    out[k] = Σ_t (x[t, k] − y[t, k])², or Σ_t x[t, k]² for Wanda's norms;
//              with y, the reconstruction error of a layer
//   gram       out[i, j] = x_i · x_j over whole samples, for the similarity of two layers' inputs
//              (HSIC)

struct Sizes {
  rows: u32,       // columns: tokens; gram: samples
  columns: u32,    // columns: width; gram: values per sample
  has_y: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

var<workgroup> partial: array<f32, 256>;

// 32 columns per workgroup; eight groups of lanes share the tokens.
@compute @workgroup_size(32, 8)
fn columns(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let k = group.x * 32u + id.x;
  var sum = 0.0;
  if (k < sizes.columns) {
    for (var t = id.y; t < sizes.rows; t += 8u) {
      var value = x[t * sizes.columns + k];
      if (sizes.has_y == 1u) { value -= y[t * sizes.columns + k]; }
      sum += value * value;
    }
  }
  partial[id.y * 32u + id.x] = sum;
  workgroupBarrier();
  for (var half = 4u; half > 0u; half /= 2u) {
    if (id.y < half) { partial[id.y * 32u + id.x] += partial[(id.y + half) * 32u + id.x]; }
    workgroupBarrier();
  }
  if (id.y == 0u && k < sizes.columns) { out[k] = partial[id.x]; }
}

// workgroup_id = (j, i). The matrix is symmetric: only the upper half is computed, and written
// twice.
@compute @workgroup_size(256)
fn gram(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.y;
  let j = group.x;
  if (j < i) { return; }
  var sum = 0.0;
  for (var k = lane; k < sizes.columns; k += 256u) { sum += x[i * sizes.columns + k] * x[j * sizes.columns + k]; }
  partial[lane] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { partial[lane] += partial[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) {
    out[i * sizes.rows + j] = partial[0];
    out[j * sizes.rows + i] = partial[0];
  }
}
