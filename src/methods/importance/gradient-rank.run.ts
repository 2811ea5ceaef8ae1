/**
 * Effective rank of a weight's gradient: `exp(H(σ / Σσ))`, the exponential of the entropy of G's
 * singular values.
 *
 * Source: methods.md, "Baselines and neighbours". The rank of G = Σ_t dy_t x_tᵀ is at most the
 * number of tokens, and G is never formed: with x = Lx Qx and dy = Ld Qd (rows orthonormalised) its
 * singular values are those of Ldᵀ Lx.
 */
import { elementAt } from '../../checked.ts';
import type { GradientEngine, TrainingBatch } from '../../engine/engine.ts';
import type { Steps } from './contract.ts';
import { lowerFactor, singularValues } from '../singular.ts';

/** Maximum bytes of inputs and gradients held at a time. */
const HELD = 64e6;

/**
 * One importance per module, between 1 and min(tokens, in, out); 0 for a gradient of zero. A pass
 * over the model collects inputs and gradients, 4 bytes per token and feature; then one module per
 * step. If all layers together exceed `held` bytes, further passes collect the rest: a pass is
 * cheap compared with the spectra. Throws what `gradientTaps` throws.
 */
export async function* gradientRanks(
  engine: GradientEngine,
  batch: TrainingBatch,
  held = HELD,
): Steps<number[]> {
  const of = engine.modules.length;
  const ranks = new Array<number>(of).fill(0);
  const tokens = batch.sequences * batch.length;
  let done = 0;
  yield { done, of };
  for (const part of parts(engine.modules, 4 * tokens, held)) {
    const taps: { module: number; x: Float32Array; dy: Float32Array }[] = [];
    await engine.gradientTaps(batch, (module, x, dy) => {
      if (part.has(elementAt(engine.modules, module).layer)) taps.push({ module, x, dy });
    });
    let factor: Float64Array[] = [];
    for (const [i, { module, x, dy }] of taps.entries()) {
      yield { done: done++, of };
      // Modules with the same input are consecutive.
      if (x !== taps[i - 1]?.x) factor = lowerFactor(x, tokens);
      ranks[module] = effectiveRank(productSpectrum(lowerFactor(dy, tokens), factor));
    }
  }
  return ranks;
}

/**
 * Splits the layers into parts of at most `held` bytes. `bytes`: size of one feature over all
 * tokens. A layer is never split, so a large layer may exceed the limit.
 */
function parts(modules: GradientEngine['modules'], bytes: number, held: number): Set<number>[] {
  const sizes = new Map<number, number>();
  const out: Set<number>[] = [];
  for (const { layer, inFeatures, outFeatures } of modules)
    sizes.set(layer, (sizes.get(layer) ?? 0) + bytes * (inFeatures + outFeatures));
  let left = 0;
  for (const [layer, size] of sizes) {
    if (out.length === 0 || size > left) {
      out.push(new Set());
      left = held;
    }
    elementAt(out, -1).add(layer);
    left -= size;
  }
  return out;
}

/** `exp(H(p))` of p = σ / Σσ; 0 if all are zero. */
export function effectiveRank(sigma: ArrayLike<number>): number {
  const values = Array.from(sigma);
  const total = values.reduce((a, b) => a + b, 0);
  if (!(total > 0)) return 0;
  return Math.exp(-values.reduce((h, s) => (s > 0 ? h + (s / total) * Math.log(s / total) : h), 0));
}

/** Singular values of aᵀ b. Both are lists of columns over the same rows. */
function productSpectrum(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array {
  return singularValues(
    b.map((column) =>
      Float64Array.from(a, (other) => other.reduce((sum, v, t) => sum + v * column[t]!, 0)),
    ),
  );
}
