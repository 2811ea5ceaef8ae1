/**
 * The Jacobian probe and a few AdaRank draws in one map, each weighted by its own uncertainty. Ours; methods.md §6, docs/jacobian.md.
 *
 * Both read the same quantity: the draws without bias but with noise, the probe with next to no noise but with the bias of
 * first order. In logarithms, with `j` the probe, `a` the mean of R draws and `d = a − j` of a module,
 *
 *     combined = exp(w (j + offset of its role + slope · (j − mean of its role)) + (1 − w) a),   w = σ_a² / (σ_a² + σ_j²),
 *
 * the inverse-variance mean. No number in it comes from a truth (its form was chosen with one in sight, docs/jacobian.md says how):
 * - σ_a², the variance of the mean of the draws. With two draws or more it is measured from their spread. With one it is taken
 *   from the spread of ‖∂(uᵀ logits)/∂W‖ over u: signs and Gaussians of one variance spread the quadratic form of the same matrix
 *   J Jᵀ nearly alike (relative variance 2 tr((JJᵀ)²)/tr(JJᵀ)² for Gaussians, less the diagonal's share for signs).
 * - the offset of a role: the mean of d over its modules, shrunk towards the mean of all as far as the roles differ by no more than
 *   their standard errors; the slope: of d over j within roles, one for all. What first order gets wrong for a whole role, or
 *   for all strong disagreements (saturation), goes with them.
 * - σ_j² = what else d varies within a role, less σ_a²; at least the probe's own variance over u.
 */
import type { JacobianDraw } from './jacobian.ts';

export interface Combined {
  /** One importance per module, at the level of the sampled draws. */
  importances: number[];
  /** w, the share of the probe. */
  weight: number;
  /** Of d over j within a role: negative where strong noise saturates what first order takes for linear. */
  slope: number;
  /** Variances of the logarithms. */
  sampledVariance: number;
  jacobianVariance: number;
}

const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: readonly number[]) => {
  const centre = mean(x);
  return x.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (x.length - 1);
};

/**
 * `jacobian[m]`, positive; `sampled[m]` the draws of module m, R of each; `roles[m]`; `signs`, at least two whole-sequence draws of
 * the probe (not per token: positions share AdaRank's noise), better 32, as modules have much of their variance in common. All
 * for one batch of tokens and one noise.
 */
export function combine(jacobian: readonly number[], sampled: readonly (readonly number[])[], roles: readonly string[], signs: readonly JacobianDraw[]): Combined {
  const j = jacobian.map(Math.log), a = sampled.map((draws) => Math.log(mean(draws))), d = a.map((v, m) => v - j[m]!);
  const own = signVariance(signs, jacobian.length), repeats = sampled[0]!.length;
  const sampledVariance = repeats > 1 ? mean(sampled.map((draws) => variance(draws) / mean(draws) ** 2)) / repeats : own;
  const groups = [...new Set(roles)].map((role) => roles.flatMap((r, m) => (r === role ? [m] : [])));
  const centres = groups.map((g) => ({ j: mean(g.map((m) => j[m]!)), d: mean(g.map((m) => d[m]!)) }));
  const rest = groups.flatMap((g, k) => g.map((m) => ({ j: j[m]! - centres[k]!.j, d: d[m]! - centres[k]!.d })));
  const spread = rest.reduce((sum, r) => sum + r.j * r.j, 0), slope = spread > 0 ? rest.reduce((sum, r) => sum + r.j * r.d, 0) / spread : 0;
  const within = rest.reduce((sum, r) => sum + (r.d - slope * r.j) ** 2, 0) / Math.max(1, d.length - groups.length - 1);
  const jacobianVariance = Math.max(within - sampledVariance, own / signs.length);
  const weight = sampledVariance / (sampledVariance + jacobianVariance);
  const offsets = shrunk(centres.map((c) => c.d), groups.map((g) => within / g.length));
  const importances = a.slice();
  groups.forEach((g, k) => {
    for (const m of g) importances[m] = Math.exp(weight * (j[m]! + offsets[k]! + slope * (j[m]! - centres[k]!.j)) + (1 - weight) * a[m]!);
  });
  return { importances, weight, slope, sampledVariance, jacobianVariance };
}

/** Means drawn together by empirical Bayes: `squares[k]` is the squared standard error of mean k. */
function shrunk(means: readonly number[], squares: readonly number[]): number[] {
  const centre = mean(means), between = means.length > 1 ? Math.max(0, variance(means) - mean(squares)) : 0;
  return means.map((m, k) => centre + (m - centre) * (between > 0 ? between / (between + squares[k]!) : 0));
}

/** Variance of the logarithm of one draw's importance over u, mean over the modules; sequences have signs of their own. */
function signVariance(signs: readonly JacobianDraw[], modules: number): number {
  const sequences = signs[0]!.length / modules;
  return mean(Array.from({ length: modules }, (_, m) => {
    let spread = 0, total = 0;
    for (let p = m * sequences; p < (m + 1) * sequences; p++) {
      const roots = signs.map((squares) => Math.sqrt(squares[p]!));
      spread += variance(roots);
      total += mean(roots);
    }
    return spread / total ** 2;
  }));
}
