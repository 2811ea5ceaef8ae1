// Disagreement: the ℓ1 distance between two sets of logits, reduced on the device in two
// deterministic steps. This is the first; `shares` in sums.wgsl then adds the rows of each probe.
//
// `row_sums` adds Σ_v |a[r, v] − b[r, v]| of one vocabulary chunk to sums[r] (one workgroup per
// row, a fixed tree, no atomics). If `paired` is 0, `a` already holds the difference and `b` is not
// read: the vocabulary product is linear, so one product of h₁ − h₂ replaces two.

struct Sizes {
  columns: u32,  // of this chunk
  rows: u32,
  paired: u32,
  first: u32,    // 1: start from zero; 0: add to the sums of earlier chunks
  grid: u32,     // workgroups along x: more than 65535 rows need y
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

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
fn row_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * sizes.grid + group.x;
  if (row >= sizes.rows) { return; }
  let start = row * sizes.columns;
  var sum = 0.0;
  for (var v = lane; v < sizes.columns; v += LANES) {
    var difference = a[start + v];
    if (sizes.paired == 1u) { difference -= b[start + v]; }
    sum += abs(difference);
  }
  let total = tree(lane, sum);
  if (lane == 0u) {
    if (sizes.first == 1u) { sums[row] = total; } else { sums[row] += total; }
  }
}
