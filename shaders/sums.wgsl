// Deterministic sums on the device: each by one workgroup in a fixed tree, without atomics.
//
// `shares` sums equal shares of a list, one workgroup per share. `squares` sums the squares of a
// range (‖g‖² of one gradient); `shares` then computes the global norm.

struct Sizes {
  first: u32,    // start of the first share, or of the range
  count: u32,    // values per share, or in the range
  place: u32,    // index of the first sum
}
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

const LANES = 256u;
var<workgroup> partial: array<f32, 256>;

fn tree(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { partial[lane] += partial[lane + half]; }
    workgroupBarrier();
  }
  return partial[0];
}

@compute @workgroup_size(256)
fn shares(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let start = sizes.first + group.x * sizes.count;
  var sum = 0.0;
  for (var i = lane; i < sizes.count; i += LANES) { sum += values[start + i]; }
  let total = tree(lane, sum);
  if (lane == 0u) { sums[sizes.place + group.x] = total; }
}

@compute @workgroup_size(256)
fn squares(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < sizes.count; i += LANES) {
    let value = values[sizes.first + i];
    sum += value * value;
  }
  let total = tree(lane, sum);
  if (lane == 0u) { sums[sizes.place] = total; }
}
