// Selects the weights of a linear layer to retain, by |W| · ‖x‖₂ (Wanda) or |W| alone (magnitude);
// methods.md §4.
//
//   row        removes the `count` smallest weights of each output row, on a tie the leftmost
//   group      retains the `count` largest of every `width` neighbours in a row, on a tie the
//              rightmost
//
// The metric is never negative, so its bits have the same order. The count-th smallest of a row is
// found eight bits at a time, without sorting. The mask must be zero at the start; a retained
// weight sets its bit.

struct Sizes {
  outputs: u32,
  inputs: u32,
  first: u32,      // index of the module's first value in a packed weight
  has_norms: u32,
  count: u32,      // row: to remove; group: to retain
  width: u32,      // group: neighbours
  grid: u32,       // group: invocations along x; row: workgroups along x
}
@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read> norms: array<f32>;                   // ‖x_k‖₂ over the tokens
@group(0) @binding(2) var<storage, read_write> mask: array<atomic<u32>>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

fn metric(row: u32, k: u32) -> u32 {
  var value = abs(weight[sizes.first + row * sizes.inputs + k]);
  if (sizes.has_norms == 1u) { value *= norms[k]; }
  return bitcast<u32>(value);
}

fn keep(row: u32, k: u32) {
  let i = row * sizes.inputs + k;
  atomicOr(&mask[i / 32u], 1u << (i % 32u));
}

const LANES = 256u;
var<workgroup> counts: array<atomic<u32>, 256>;
var<workgroup> prefix: u32;          // digits found so far
var<workgroup> wanted: u32;          // weights still to remove among those with these digits
var<workgroup> equals: array<u32, 256>;

@compute @workgroup_size(256)
fn row(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * sizes.grid + group.x;
  if (row >= sizes.outputs) { return; }
  if (lane == 0u) {
    prefix = 0u;
    wanted = sizes.count;
  }
  for (var shift = 32u; shift > 0u; ) {
    shift -= 8u;
    atomicStore(&counts[lane], 0u);
    workgroupBarrier();
    for (var k = lane; k < sizes.inputs; k += LANES) {
      let bits = metric(row, k);
      // Shifted in two steps: WGSL takes a shift by 32 modulo 32.
      if (((bits >> shift) >> 8u) == ((prefix >> shift) >> 8u)) { atomicAdd(&counts[(bits >> shift) & 255u], 1u); }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var digit = 0u;
      var before = 0u;
      while (digit < 255u && before + atomicLoad(&counts[digit]) < wanted) {
        before += atomicLoad(&counts[digit]);
        digit++;
      }
      prefix |= digit << shift;
      wanted -= before;
    }
    workgroupBarrier();
  }
  // Of the weights equal to the limit, the leftmost `wanted` are removed. Each lane first counts
  // those in its range.
  let limit = prefix;
  let stretch = (sizes.inputs + LANES - 1u) / LANES;
  let end = min(sizes.inputs, (lane + 1u) * stretch);
  var own = 0u;
  for (var k = lane * stretch; k < end; k++) { own += select(0u, 1u, metric(row, k) == limit); }
  equals[lane] = own;
  workgroupBarrier();
  if (lane == 0u) {
    var sum = 0u;
    for (var i = 0u; i < LANES; i++) {
      let here = equals[i];
      equals[i] = sum;
      sum += here;
    }
  }
  workgroupBarrier();
  var seen = equals[lane];
  for (var k = lane * stretch; k < end; k++) {
    let bits = metric(row, k);
    var stays = bits > limit;
    if (bits == limit) {
      stays = seen >= wanted;
      seen++;
    }
    if (stays || sizes.count == 0u) { keep(row, k); }
  }
}

@compute @workgroup_size(64)
fn group(@builtin(global_invocation_id) id: vec3u) {
  let groups = (sizes.inputs + sizes.width - 1u) / sizes.width;
  let n = id.y * sizes.grid + id.x;
  if (n >= groups * sizes.outputs) { return; }
  let row = n / groups;
  let start = (n % groups) * sizes.width;
  let end = min(sizes.inputs, start + sizes.width);
  for (var k = start; k < end; k++) {
    let own = metric(row, k);
    var above = 0u;
    for (var j = start; j < end; j++) {
      let other = metric(row, j);
      if (other > own || (other == own && j > k)) { above++; }
    }
    if (above < sizes.count) { keep(row, k); }
  }
}
