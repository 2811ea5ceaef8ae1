// NF4 with double quantisation (QLoRA, arXiv 2305.14314; bitsandbytes). Blocks of 64 weights become
// 4-bit codes and their largest magnitude (absmax). The absmax values, minus their mean, become
// 8-bit codes in blocks of 256.
//
// Bit-identical to the CPU reference implementation: levels are found by comparison with
// thresholds, and products and sums are rounded once. The reciprocal uses integers, since WGSL's
// division may be off by 2.5 units in the last place.

struct Sizes {
  count: u32,          // length of `values`
  first: u32,          // quantise: the first block of this dispatch
  grid: u32,           // workgroups along x
  reciprocal: f32,     // mean: 1 / count
}
@group(0) @binding(0) var<storage, read> values: array<f32>;       // quantise: weights; else absmax
@group(0) @binding(1) var<storage, read> limits: array<f32>;       // lower bounds of levels 1, 2, …
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> largest: array<f32>;
@group(0) @binding(4) var<storage, read_write> offset: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

var<workgroup> shared_floats: array<f32, 256>;
var<workgroup> shared_codes: array<u32, 256>;

// 1/x, rounded to nearest, and 0 for 0. For 2⁻¹²⁶ ≤ x < 2¹²⁶.
fn reciprocal(x: f32) -> f32 {
  let word = bitcast<u32>(x);
  let exponent = (word >> 23u) & 0xffu;
  let fraction = word & 0x7fffffu;
  if (exponent == 0u) { return 0.0; }
  if (fraction == 0u) { return bitcast<f32>((254u - exponent) << 23u); }
  // 2⁴⁷ / (2²³ + fraction) by long division: 24 bits of quotient.
  let divisor = fraction | 0x800000u;
  var rest = 0x800000u;
  var quotient = 0u;
  for (var i = 0u; i < 24u; i++) {
    rest = rest << 1u;
    quotient = quotient << 1u;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1u;
    }
  }
  if ((rest << 1u) > divisor) { quotient++; }
  return bitcast<f32>(((253u - exponent) << 23u) + (quotient - 0x800000u));
}

// The number of thresholds at or below s.
fn code_of(s: f32, levels: u32) -> u32 {
  var from_level = 0u;
  var to_level = levels - 1u;
  while (from_level < to_level) {
    let middle = (from_level + to_level) >> 1u;
    if (s >= limits[middle]) { from_level = middle + 1u; } else { to_level = middle; }
  }
  return from_level;
}

// Largest of the first `lanes` shared floats.
fn largest_of(lane: u32, lanes: u32) -> f32 {
  for (var half = lanes >> 1u; half > 0u; half = half >> 1u) {
    workgroupBarrier();
    if (lane < half) { shared_floats[lane] = max(shared_floats[lane], shared_floats[lane + half]); }
  }
  workgroupBarrier();
  let top = shared_floats[0];
  // Subnormal values become 0: a device may flush them, so the reference implementation does, too.
  return select(top, 0.0, (bitcast<u32>(top) & 0x7f800000u) == 0u);
}

// One workgroup per block: 8 words of codes, even index in the high nibble, and the block's absmax.
@compute @workgroup_size(64)
fn quantise(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y * sizes.grid + group.x;
  if (block * 64u >= sizes.count) { return; }
  let i = block * 64u + lane;
  var w = 0.0;
  if (i < sizes.count) { w = values[i]; }
  shared_floats[lane] = abs(w);
  let top = largest_of(lane, 64u);
  shared_codes[lane] = code_of(w * reciprocal(top), 16u);
  workgroupBarrier();
  if (lane < 8u) {
    var word = 0u;
    for (var n = 0u; n < 8u; n++) { word |= (shared_codes[lane * 8u + n] << (4u * (n ^ 1u))); }
    codes[(sizes.first + block) * 8u + lane] = word;
  }
  if (lane == 0u) { largest[sizes.first + block] = top; }
}

// offset[0] = mean of the values: 256 sums over every 256th value, then a tree reduction.
@compute @workgroup_size(256)
fn mean(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < sizes.count; i += 256u) { sum += values[i]; }
  shared_floats[lane] = sum;
  for (var half = 128u; half > 0u; half = half >> 1u) {
    workgroupBarrier();
    if (lane < half) { shared_floats[lane] += shared_floats[lane + half]; }
  }
  if (lane == 0u) { offset[0] = shared_floats[0] * sizes.reciprocal; }
}

// One workgroup per 256 values: 64 words of codes, and the largest |value − offset|.
@compute @workgroup_size(256)
fn second(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y * sizes.grid + group.x;
  if (block * 256u >= sizes.count) { return; }
  let i = block * 256u + lane;
  var centred = 0.0;
  if (i < sizes.count) { centred = values[i] - offset[0]; }
  shared_floats[lane] = abs(centred);
  let top = largest_of(lane, 256u);
  let factor = reciprocal(top);
  shared_codes[lane] = select(code_of(centred * factor, 256u), 0u, factor == 0.0);
  workgroupBarrier();
  if (lane < 64u) {
    let at = lane * 4u;
    codes[block * 64u + lane] = shared_codes[at] | (shared_codes[at + 1u] << 8u) | (shared_codes[at + 2u] << 16u) | (shared_codes[at + 3u] << 24u);
  }
  if (lane == 0u) { largest[block] = top; }
}
