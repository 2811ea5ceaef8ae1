// Norms of a linear layer's gradient G = Σ_t dy_t x_tᵀ, which is never formed.
//
//   gram      ‖G‖_F² = Σ_{t,t'} (dy_t·dy_t')(x_t·x_t') over the tokens of a sequence. A workgroup
//             computes a tile of both Gram matrices, multiplies the tiles elementwise and writes
//             the sum; `shares` in sums.wgsl adds the tiles.
//   tokens    ‖dy_t‖²‖x_t‖², one value per token (their sum is Fisher information).

struct Sizes {
  length: u32,     // tokens of a sequence (kernel `tokens`: all rows)
  inputs: u32,
  outputs: u32,
  column: u32,     // first column of this module in a packed product
  stride: u32,     // columns of the whole product
  grid: u32,       // kernel `tokens`: workgroups along x
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

const TILE = 16u;
const PADDED = 17u;   // odd row length: no bank conflicts
var<workgroup> left: array<f32, 272>;      // [token][column]
var<workgroup> right: array<f32, 272>;
var<workgroup> partial: array<f32, 256>;

fn tree(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (lane < half) { partial[lane] += partial[lane + half]; }
    workgroupBarrier();
  }
  return partial[0];
}

// Value k of row `row` of dy's columns (side 1) or of x (side 0); zero outside the sequence and the
// row.
fn entry(side: u32, sequence: u32, t: u32, k: u32) -> f32 {
  let row = sequence * sizes.length + t;
  if (t >= sizes.length) { return 0.0; }
  if (side == 1u) {
    if (k < sizes.outputs) { return dy[row * sizes.stride + sizes.column + k]; }
  } else if (k < sizes.inputs) {
    return x[row * sizes.inputs + k];
  }
  return 0.0;
}

// workgroup_id = (tile of t', tile of t, sequence).
@compute @workgroup_size(16, 16)
fn gram(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let place = (group.z * groups.y + group.y) * groups.x + group.x;
  let lane = id.y * TILE + id.x;
  // Gram matrices are symmetric: tiles above the diagonal count twice, tiles below it not at all.
  if (group.x < group.y) {
    if (lane == 0u) { out[place] = 0.0; }
    return;
  }
  var product = 1.0;
  for (var side = 0u; side < 2u; side++) {
    let columns = select(sizes.inputs, sizes.outputs, side == 1u);
    var sum = 0.0;
    for (var k0 = 0u; k0 < columns; k0 += TILE) {
      left[id.y * PADDED + id.x] = entry(side, group.z, group.y * TILE + id.y, k0 + id.x);
      right[id.y * PADDED + id.x] = entry(side, group.z, group.x * TILE + id.y, k0 + id.x);
      workgroupBarrier();
      for (var k = 0u; k < TILE; k++) { sum += left[id.y * PADDED + k] * right[id.x * PADDED + k]; }
      workgroupBarrier();
    }
    product *= sum;
  }
  let total = tree(lane, product);
  if (lane == 0u) { out[place] = select(2.0, 1.0, group.x == group.y) * total; }
}

@compute @workgroup_size(256)
fn tokens(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * sizes.grid + group.x;
  if (row >= sizes.length) { return; }
  var inputs = 0.0;
  for (var k = lane; k < sizes.inputs; k += 256u) {
    let value = x[row * sizes.inputs + k];
    inputs += value * value;
  }
  var outputs = 0.0;
  for (var k = lane; k < sizes.outputs; k += 256u) {
    let value = dy[row * sizes.stride + sizes.column + k];
    outputs += value * value;
  }
  let inputs_total = tree(lane, inputs);
  workgroupBarrier();
  let outputs_total = tree(lane, outputs);
  if (lane == 0u) { out[row] = inputs_total * outputs_total; }
}
