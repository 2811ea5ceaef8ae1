/**
 * Effective rank of a weight's gradient: `exp(H(σ / Σσ))`, the exponential of the entropy of G's singular values.
 *
 * Source: methods.md, "Baselines and neighbours". G = Σ_t dy_t x_tᵀ has no more directions than the batch has tokens, and is
 * never formed: with x = Lx Qx and dy = Ld Qd (rows orthonormalised) its singular values are those of Ldᵀ Lx.
 */
import type { GradientEngine, TrainingBatch } from '../engine/engine.ts';
import { lowerFactor, singularValues } from './singular.ts';

/**
 * One importance per module, between 1 and min(tokens, in, out); 0 for a gradient of zero. One pass over the model, then a module a
 * turn: inputs and gradients of all modules are held meanwhile, 4 bytes a token and feature. Throws what `gradientTaps` throws.
 */
export async function* gradientRanks(engine: GradientEngine, batch: TrainingBatch): AsyncGenerator<{ done: number; of: number }, number[], undefined> {
  const of = engine.modules.length, ranks = new Array<number>(of).fill(0), tokens = batch.sequences * batch.length, taps: { module: number; x: Float32Array; dy: Float32Array }[] = [];
  yield { done: 0, of };
  await engine.gradientTaps(batch, (module, x, dy) => taps.push({ module, x, dy }));
  let factor: Float64Array[] = [];
  for (const [done, { module, x, dy }] of taps.entries()) {
    yield { done, of };
    // Modules of one input follow one another.
    if (x !== taps[done - 1]?.x) factor = lowerFactor(x, tokens);
    ranks[module] = effectiveRank(productSpectrum(lowerFactor(dy, tokens), factor));
  }
  return ranks;
}

/** `exp(H(p))` of p = σ / Σσ; 0 if all are zero. */
export function effectiveRank(sigma: ArrayLike<number>): number {
  const values = Array.from(sigma), total = values.reduce((a, b) => a + b, 0);
  if (!(total > 0)) return 0;
  return Math.exp(-values.reduce((h, s) => (s > 0 ? h + (s / total) * Math.log(s / total) : h), 0));
}

/** Singular values of aᵀ b; both are lists of columns over the same rows. */
function productSpectrum(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array {
  return singularValues(b.map((column) => Float64Array.from(a, (other) => other.reduce((sum, v, t) => sum + v * column[t]!, 0))));
}
