/**
 * The training kernels on the CPU: the reference implementation for the WGSL tests, and the WASM
 * engine's code where a loop is fast enough. Sums are in double precision. [methods.md §1 and §6]
 */
import type { ModulePlace } from './twins.ts';

/** Rows `[from, to)`, at least one, of a tensor whose first dimension is the rank. */
export interface RankRows {
  from: number;
  to: number;
}

/**
 * A [rank, in] and Bᵀ [rank, out], row-major, or their gradients. A lower rank is a prefix of both.
 */
export interface AdapterPair<T> {
  a: T;
  b: T;
}

/**
 * Settings of one optimiser step: lr, betas, eps, weight_decay and max_norm of torch.optim.AdamW
 * and clip_grad_norm_.
 */
export interface AdamWStep {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** Number of this step, from 1, for the bias corrections. */
  step: number;
  /** Maximum global gradient norm. Null disables clipping. */
  maxNorm: number | null;
}

/**
 * The factors of a step: the parameter is multiplied by `decay`, then changed by
 * −`size` · m / (√v / `root` + ε).
 */
export function adamWFactors({ learningRate, beta1, beta2, weightDecay, step }: AdamWStep): {
  decay: number;
  size: number;
  root: number;
} {
  return {
    decay: 1 - learningRate * weightDecay,
    size: learningRate / (1 - beta1 ** step),
    root: Math.sqrt(1 - beta2 ** step),
  };
}

/**
 * Writes rows `rows` of `into`: dA = scale · vᵀ x and dBᵀ = scale · uᵀ dy, with u = x Aᵀ and v = dy
 * · B. x is [tokens, in], dy [tokens, stride]. A row depends only on the same row of A and Bᵀ.
 */
export function adapterGradient({
  x,
  dy,
  place,
  adapter,
  rows,
  scale,
  into,
}: {
  x: Float32Array;
  dy: Float32Array;
  place: ModulePlace;
  adapter: AdapterPair<Float32Array>;
  rows: RankRows;
  scale: number;
  into: AdapterPair<Float32Array>;
}): void {
  const { tokens, inFeatures, outFeatures, column, stride } = place;
  for (let j = rows.from; j < rows.to; j++) {
    const dA = new Float64Array(inFeatures);
    const dB = new Float64Array(outFeatures);
    for (let t = 0; t < tokens; t++) {
      const xs = t * inFeatures;
      const dys = t * stride + column;
      let u = 0;
      let v = 0;
      for (let k = 0; k < inFeatures; k++) u += x[xs + k]! * adapter.a[j * inFeatures + k]!;
      for (let o = 0; o < outFeatures; o++) v += dy[dys + o]! * adapter.b[j * outFeatures + o]!;
      for (let k = 0; k < inFeatures; k++) dA[k]! += v * x[xs + k]!;
      for (let o = 0; o < outFeatures; o++) dB[o]! += u * dy[dys + o]!;
    }
    into.a.set(
      dA.map((g) => scale * g),
      j * inFeatures,
    );
    into.b.set(
      dB.map((g) => scale * g),
      j * outFeatures,
    );
  }
}

/** Σ g². */
export function sumOfSquares(g: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < g.length; i++) sum += g[i]! * g[i]!;
  return sum;
}

/**
 * One AdamW step in place. Parameter p, first moment m and second moment v have the length of the
 * gradient g. `squaredNorm` is Σ g² over *all* gradients of the step. If it is not finite, nothing
 * changes.
 */
export function adamW({
  p,
  g,
  m,
  v,
  squaredNorm,
  step,
}: {
  p: Float32Array;
  g: Float32Array;
  m: Float32Array;
  v: Float32Array;
  squaredNorm: number;
  step: AdamWStep;
}): void {
  if (!Number.isFinite(squaredNorm)) return;
  const { beta1, beta2, epsilon, maxNorm } = step;
  const { decay, size, root } = adamWFactors(step);
  const factor = maxNorm === null ? 1 : Math.min(1, maxNorm / (Math.sqrt(squaredNorm) + 1e-6));
  for (let i = 0; i < p.length; i++) {
    const gradient = g[i]! * factor;
    const mean = beta1 * m[i]! + (1 - beta1) * gradient;
    const square = beta2 * v[i]! + (1 - beta2) * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    p[i] = p[i]! * decay - (size * mean) / (Math.sqrt(square) / root + epsilon);
  }
}

/** Per sequence, ‖G‖_F² of G = Σ_t dy_t x_tᵀ over its tokens: Σ_{t,t'} (dy_t·dy_t')(x_t·x_t'). */
export function gradientNorms(
  x: Float32Array,
  dy: Float32Array,
  place: ModulePlace,
  sequences: number,
): Float64Array {
  const { tokens, inFeatures, outFeatures, column, stride } = place;
  const length = tokens / sequences;
  const out = new Float64Array(sequences);
  for (let s = 0; s < sequences; s++) {
    for (let t = s * length; t < (s + 1) * length; t++) {
      for (let other = s * length; other <= t; other++) {
        const product =
          dot(x, t * inFeatures, other * inFeatures, inFeatures) *
          dot(dy, t * stride + column, other * stride + column, outFeatures);
        out[s]! += other === t ? product : 2 * product;
      }
    }
  }
  return out;
}

/**
 * Per sequence, Σ_t ‖dy_t‖²‖x_t‖² over its tokens: the Fisher information of the weight, summed
 * over its entries.
 */
export function fisherSums(
  x: Float32Array,
  dy: Float32Array,
  place: ModulePlace,
  sequences: number,
): Float64Array {
  const { tokens, inFeatures, outFeatures, column, stride } = place;
  const length = tokens / sequences;
  const out = new Float64Array(sequences);
  for (let t = 0; t < tokens; t++) {
    const xs = t * inFeatures;
    const dys = t * stride + column;
    out[Math.floor(t / length)]! += dot(x, xs, xs, inFeatures) * dot(dy, dys, dys, outFeatures);
  }
  return out;
}

/**
 * Per sequence and output direction, uᵢᵀ G Wᵀ uᵢ of G = Σ_t dy_t x_tᵀ over its tokens, as Σ_t
 * (uᵢ·dy_t)(uᵢ·y_t): [blocks, sequences, count]. For a singular vector this is σᵢ dL/dσᵢ.
 * [methods.md §5]
 *
 * `y` = W x has the layout of `dy`. `u` is [blocks · count, outFeatures / blocks], row-major. Each
 * of `blocks` equal row blocks of output features has its own `count` directions.
 */
export function outputDirections({
  dy,
  y,
  place,
  u,
  sequences,
  blocks = 1,
}: {
  dy: Float32Array;
  y: Float32Array;
  place: ModulePlace;
  u: Float32Array;
  sequences: number;
  blocks?: number;
}): Float64Array {
  const { tokens, outFeatures, column, stride } = place;
  const rows = outFeatures / blocks;
  const all = u.length / rows;
  const count = all / blocks;
  const length = tokens / sequences;
  const out = new Float64Array(sequences * all);
  for (let t = 0; t < tokens; t++) {
    for (let j = 0; j < all; j++) {
      const block = Math.floor(j / count);
      const at = t * stride + column + block * rows;
      out[(block * sequences + Math.floor(t / length)) * count + (j % count)]! +=
        across(u, j * rows, dy, at, rows) * across(u, j * rows, y, at, rows);
    }
  }
  return out;
}

/**
 * The same for input directions, vᵢᵀ Wᵀ G vᵢ as Σ_t (vᵢ·x_t)(vᵢ·Wᵀdy_t), where W is the block's
 * rows of `w`. `v` is [blocks · count, inFeatures], `w` [outFeatures, inFeatures].
 */
export function inputDirections({
  x,
  dy,
  w,
  place,
  v,
  sequences,
  blocks = 1,
}: {
  x: Float32Array;
  dy: Float32Array;
  w: Float32Array;
  place: ModulePlace;
  v: Float32Array;
  sequences: number;
  blocks?: number;
}): Float64Array {
  const { tokens, inFeatures, outFeatures, column, stride } = place;
  const rows = outFeatures / blocks;
  const all = v.length / inFeatures;
  const count = all / blocks;
  const length = tokens / sequences;
  const out = new Float64Array(sequences * all);
  for (let t = 0; t < tokens; t++) {
    for (let block = 0; block < blocks; block++) {
      const z = new Float64Array(inFeatures);
      for (let o = block * rows; o < (block + 1) * rows; o++)
        for (let k = 0; k < inFeatures; k++)
          z[k]! += dy[t * stride + column + o]! * w[o * inFeatures + k]!;
      for (let i = 0; i < count; i++) {
        const at = (block * count + i) * inFeatures;
        out[(block * sequences + Math.floor(t / length)) * count + i]! +=
          across(v, at, x, t * inFeatures, inFeatures) * across(v, at, z, 0, inFeatures);
      }
    }
  }
  return out;
}

/**
 * Cross entropy of every row in nats (0 if its label is negative), and the gradient of Σ weight ·
 * loss at `h` [rows, hidden]. The logits are `h Wᵀ + bias`, with `w` [vocab, hidden].
 */
export function crossEntropy({
  h,
  w,
  bias,
  labels,
  weights,
}: {
  h: Float32Array;
  w: Float32Array;
  bias: Float32Array | null;
  labels: Int32Array;
  weights: Float32Array;
}): { losses: Float64Array; gradient: Float64Array } {
  const rows = labels.length;
  const hidden = h.length / rows;
  const vocab = w.length / hidden;
  const losses = new Float64Array(rows);
  const gradient = new Float64Array(h.length);
  for (let r = 0; r < rows; r++) {
    const label = labels[r]!;
    if (label < 0) continue;
    const logits = Float64Array.from({ length: vocab }, (_, v) => {
      let sum = bias ? bias[v]! : 0;
      for (let k = 0; k < hidden; k++) sum += h[r * hidden + k]! * w[v * hidden + k]!;
      return sum;
    });
    const top = logits.reduce((a, b) => Math.max(a, b));
    const sum = logits.reduce((s, l) => s + Math.exp(l - top), 0);
    losses[r] = top + Math.log(sum) - logits[label]!;
    for (let v = 0; v < vocab; v++) {
      const d = weights[r]! * (Math.exp(logits[v]! - top) / sum - (v === label ? 1 : 0));
      for (let k = 0; k < hidden; k++) gradient[r * hidden + k]! += d * w[v * hidden + k]!;
    }
  }
  return { losses, gradient };
}

/** Dot product of two parts of `v`. */
const dot = (v: Float32Array, a: number, b: number, length: number): number =>
  across(v, a, v, b, length);

/** Dot product of a part of `v` and a part of `w`. */
// eslint-disable-next-line @typescript-eslint/max-params -- an inner loop
function across(
  v: Float32Array,
  a: number,
  w: Float32Array | Float64Array,
  b: number,
  length: number,
): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += v[a + i]! * w[b + i]!;
  return sum;
}
