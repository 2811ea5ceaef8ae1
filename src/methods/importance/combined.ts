/**
 * Combines the Jacobian probe and a few AdaRank draws in one map, weighted by their uncertainties.
 * Our method; methods.md §6, docs/jacobian.md.
 *
 * In logarithms, with `j` the probe, `a` the mean of R draws and `d = a − j` of a module, it is the
 * inverse-variance mean
 *
 *     combined = exp(w (j + offset of its role + slope · (j − mean of its role)) + (1 − w) a),
 *     w = σ_a² / (σ_a² + σ_j²).
 *
 * - σ_a²: variance of the mean of the draws. With one draw it is the spread of ‖∂(uᵀ logits)/∂W‖
 *   over u instead: signs and Gaussians give the quadratic form of J Jᵀ nearly the same spread
 *   (relative variance 2 tr((JJᵀ)²)/tr(JJᵀ)² for Gaussians, minus the diagonal's share for signs).
 * - Offset of a role: the mean of d over its modules, shrunk towards the overall mean. Slope: that
 *   of d over j within roles, one for all. They correct saturation and other first-order errors.
 * - σ_j²: the remaining variance of d within a role, minus σ_a²; at least the probe's own variance.
 */
import { elementAt } from '../../checked.ts';
import { drawsMethod, passCost, probeCost } from './contract.ts';
import { noise, repeats, whole } from './settings.ts';

export const combined = drawsMethod({
  settings: {
    noise,
    /** Draws of signs u, measured first. */
    signs: whole(32, [2, 64]),
    /** Draws in which every module is really perturbed. */
    repeats: repeats(1),
  },
  counts: (settings) => ({ passes: settings.signs, repeats: settings.repeats }),
  cost: (_, place) => (place.kind === 'pass' ? passCost(place) : probeCost(place)),
  /**
   * The sign draws together give one map until every module has a sampled draw. From then on each
   * sampled draw gives one map, with all sign draws.
   */
  maps({ signs }, modules, measured) {
    const sweeps = measured.length === 0 ? 0 : Math.min(...measured.map((d) => d.length));
    const sampled = sweeps - signs;
    if (sampled <= 0)
      return {
        draws: measured.map((d) => (d.length > 0 ? [mean(d.slice(0, signs))] : [])),
        error: null,
      };
    const { maps, error } = combine(
      measured.map((d) => d.slice(0, signs)),
      measured.map((d) => d.slice(signs, signs + sampled)),
      modules.map((m) => m.role),
    );
    return { draws: maps, error };
  },
  pace: [],
  code: async () => {
    const { combinedDraws } = await import('./combined.run.ts');
    return {
      draws: ({ settings, seed, ...at }) =>
        combinedDraws({ ...at, options: { seed, ...settings } }),
    };
  },
});

export interface Combined {
  /**
   * [modules][sampled draws]: the map of each sampled draw combined with the probe, all with the
   * same weight; in the unit of the sampled draws.
   */
  maps: number[][];
  /** Their mean: one importance per module. */
  importances: number[];
  /**
   * Upper bound of the standard deviation of the logarithm of an importance; see `combine`. null:
   * too few modules to estimate it.
   */
  error: number | null;
  /** w, the weight of the probe. */
  weight: number;
  /**
   * Slope of d over j within a role. Negative if strong noise saturates what first order treats as
   * linear.
   */
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
 * Combines the draws of all modules, for one batch of tokens and one noise scale. `signs[m]`: the
 * probe's importances of module m, one per whole-sequence sign draw (not per token, since positions
 * share AdaRank's noise). At least two draws, preferably 32, because much of their variance is
 * common to all modules. `sampled[m]`: the sampled draws; `roles[m]`: the role.
 *
 * `error`: the variance of d within roles, σ_a² + σ_j², is measured, but its two parts and thus the
 * weight are estimates. The bound attributes the whole variance to the part with the larger weight,
 * which no split exceeds.
 */
export function combine(
  signs: readonly (readonly number[])[],
  sampled: readonly (readonly number[])[],
  roles: readonly string[],
): Combined {
  // A weight of zeros changes no logits, and 0 has no logarithm. Such a module is left out and gets
  // importance 0.
  const moving = sampled.flatMap((draws, m) =>
    mean(draws) > 0 && mean(elementAt(signs, m)) > 0 ? [m] : [],
  );
  if (moving.length < sampled.length) {
    const of = <T>(list: readonly T[]) => moving.map((m) => elementAt(list, m));
    const part = combine(of(signs), of(sampled), of(roles));
    const maps = sampled.map((draws, m) =>
      moving.includes(m) ? elementAt(part.maps, moving.indexOf(m)) : draws.map(() => 0),
    );
    return { ...part, maps, importances: maps.map(mean) };
  }
  const j = signs.map((values) => Math.log(mean(values)));
  const a = sampled.map((draws) => Math.log(mean(draws)));
  const d = a.map((v, m) => v - j[m]!);
  const own = mean(signs.map(spread));
  const repeats = elementAt(sampled, 0).length;
  const sampledVariance = repeats > 1 ? mean(sampled.map(spread)) / repeats : own;
  const groups = [...new Set(roles)].map((role) =>
    roles.flatMap((r, m) => (r === role ? [m] : [])),
  );
  const centres = groups.map((g) => ({
    j: mean(g.map((m) => j[m]!)),
    d: mean(g.map((m) => d[m]!)),
  }));
  const rest = groups.flatMap((g, k) =>
    g.map((m) => ({ j: j[m]! - elementAt(centres, k).j, d: d[m]! - elementAt(centres, k).d })),
  );
  const squares = rest.reduce((sum, r) => sum + r.j * r.j, 0);
  const slope = squares > 0 ? rest.reduce((sum, r) => sum + r.j * r.d, 0) / squares : 0;
  const freedom = d.length - groups.length - 1;
  const within = rest.reduce((sum, r) => sum + (r.d - slope * r.j) ** 2, 0) / Math.max(1, freedom);
  const jacobianVariance = Math.max(within - sampledVariance, own / elementAt(signs, 0).length);
  const both = sampledVariance + jacobianVariance;
  const weight = both > 0 ? sampledVariance / both : 0.5;
  const offsets = shrunk(
    centres.map((c) => c.d),
    groups.map((g) => within / g.length),
  );
  const maps = sampled.map((): number[] => []);
  groups.forEach((g, k) => {
    for (const m of g)
      maps[m] = elementAt(sampled, m).map((draw) =>
        Math.exp(
          weight * (j[m]! + offsets[k]! + slope * (j[m]! - elementAt(centres, k).j)) +
            (1 - weight) * Math.log(draw),
        ),
      );
  });
  return {
    maps,
    importances: maps.map(mean),
    error: freedom < 3 ? null : Math.max(weight, 1 - weight) * Math.sqrt(within),
    weight,
    slope,
    sampledVariance,
    jacobianVariance,
  };
}

/** Variance of the logarithm of one draw, to first order. */
const spread = (draws: readonly number[]) => variance(draws) / mean(draws) ** 2;

/** Empirical Bayes shrinkage of means. `squares[k]` is the squared standard error of mean k. */
function shrunk(means: readonly number[], squares: readonly number[]): number[] {
  const centre = mean(means);
  const between = means.length > 1 ? Math.max(0, variance(means) - mean(squares)) : 0;
  return means.map(
    (m, k) => centre + (m - centre) * (between > 0 ? between / (between + squares[k]!) : 0),
  );
}
