// Pair difference: out[p·rows + r, c] = h[first of pair p, r, c] − other, the rows for the
// vocabulary product. `other` is the pair's second entry of h, or the clean rows if the second
// index is CLEAN.

const CLEAN = 0xffffffffu;
struct Sizes {
  size: u32,     // values per entry: rows · columns
  total: u32,    // pairs · size
  grid: u32,     // invocations along x
}
@group(0) @binding(0) var<storage, read> h: array<f32>;
@group(0) @binding(1) var<storage, read> clean: array<f32>;
@group(0) @binding(2) var<storage, read> pairs: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

@compute @workgroup_size(256)
fn pair_difference(@builtin(global_invocation_id) id: vec3u) {
  let n = id.y * sizes.grid + id.x;
  if (n >= sizes.total) { return; }
  let pair = pairs[n / sizes.size];
  let i = n % sizes.size;
  var other: f32;
  if (pair.y == CLEAN) { other = clean[i]; } else { other = h[pair.y * sizes.size + i]; }
  out[n] = h[pair.x * sizes.size + i] - other;
}
