// Adapter gradients of a linear layer, dA = s·vᵀx and dBᵀ = s·uᵀdy with u = xAᵀ and v = dy·B. The
// layer's own gradient G = dyᵀx is never formed. A is [rank, in], Bᵀ is [rank, out]. Both gradients
// use the same two kernels:
//
//   project       out[t, j] = Σ_k values[t, k] · factors[first + j, k]
//                 (values x with A, dy with Bᵀ)
//   accumulate    out[first + j, k] = scale · Σ_t projected[t, j] · values[t, k]
//                 (u with dy, v with x)
//
// Ranks are processed in tiles of eight, as pairs of vec4; zeros pad the last tile.

struct Sizes {
  rows: u32,       // tokens
  columns: u32,    // values used per token
  column: u32,     // index of the first one
  stride: u32,     // values per token in all
  first: u32,      // first rank
  count: u32,      // ranks
  scale: f32,
}
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> factors: array<f32>;            // project
@group(0) @binding(2) var<storage, read_write> projections: array<vec4f>;    // project: [rows, 2 · tiles]
@group(0) @binding(3) var<uniform> sizes: Sizes;

const TILE = 8u;
const LANES = 64u;
var<workgroup> partial: array<vec4f, 512>;

// Four tokens by eight ranks; the lanes share the columns. workgroup_id = (tokens / 4, ranks / 8).
@compute @workgroup_size(64)
fn project(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let t0 = group.x * 4u;
  let last = sizes.rows - 1u;
  // Tokens beyond the last repeat it; their results are not written.
  let at = min(vec4u(t0, t0 + 1u, t0 + 2u, t0 + 3u), vec4u(last)) * sizes.stride + sizes.column;
  let j0 = group.y * TILE;
  var sums: array<vec4f, 8>;                 // [rank][token]
  for (var k = lane; k < sizes.columns; k += LANES) {
    let x = vec4f(values[at.x + k], values[at.y + k], values[at.z + k], values[at.w + k]);
    for (var j = 0u; j < TILE; j++) {
      if (j0 + j < sizes.count) { sums[j] += x * factors[(sizes.first + j0 + j) * sizes.columns + k]; }
    }
  }
  for (var j = 0u; j < TILE; j++) { partial[lane * TILE + j] = sums[j]; }
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      for (var j = 0u; j < TILE; j++) { partial[lane * TILE + j] += partial[(lane + half) * TILE + j]; }
    }
    workgroupBarrier();
  }
  let t = t0 + lane;
  if (lane < 4u && t < sizes.rows) {
    let tiles = (sizes.count + TILE - 1u) / TILE;
    let place = (t * tiles + group.y) * 2u;
    projections[place] = vec4f(partial[0][lane], partial[1][lane], partial[2][lane], partial[3][lane]);
    projections[place + 1u] = vec4f(partial[4][lane], partial[5][lane], partial[6][lane], partial[7][lane]);
  }
}

@group(0) @binding(1) var<storage, read> projected: array<vec4f>;        // accumulate: [rows, 2 · tiles]
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;     // accumulate

// 32 columns by eight ranks; eight groups of lanes share the tokens.
// workgroup_id = (columns / 32, ranks / 8).
@compute @workgroup_size(32, 8)
fn accumulate(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let k = group.x * 32u + id.x;
  let tiles = (sizes.count + TILE - 1u) / TILE;
  var low = vec4f();
  var high = vec4f();
  if (k < sizes.columns) {
    for (var t = id.y; t < sizes.rows; t += 8u) {
      let value = values[t * sizes.stride + sizes.column + k];
      let place = (t * tiles + group.y) * 2u;
      low += projected[place] * value;
      high += projected[place + 1u] * value;
    }
  }
  let own = (id.y * 32u + id.x) * 2u;
  partial[own] = low;
  partial[own + 1u] = high;
  workgroupBarrier();
  for (var half = 4u; half > 0u; half /= 2u) {
    if (id.y < half) {
      let other = own + half * 64u;
      partial[own] += partial[other];
      partial[own + 1u] += partial[other + 1u];
    }
    workgroupBarrier();
  }
  // Lane (x, y) writes rank y of the tile.
  let j = group.y * TILE + id.y;
  if (k < sizes.columns && j < sizes.count) {
    gradient[(sizes.first + j) * sizes.columns + k] = sizes.scale * partial[id.x * 2u + id.y / 4u][id.y % 4u];
  }
}
