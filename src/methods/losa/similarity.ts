/**
 * Representation mutual information between layers' inputs: normalised HSIC (linear CKA) from Gram
 * matrices, so the activations of two layers are never in memory together. Source:
 * wzhuang-xmu/LoSA; methods.md §4.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';

/** With fewer samples all centred Gram matrices are equal up to scale. */
export const FEWEST_SAMPLES = 3;

/** K minus its row and column means, [n, n] row-major and symmetric. */
export function centred(gram: ArrayLike<number>, n: number): Float64Array {
  const means = new Float64Array(n);
  let all = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) means[i]! += gram[i * n + j]! / n;
    all += means[i]! / n;
  }
  return Float64Array.from(
    { length: n * n },
    (_, at) => gram[at]! - means[Math.floor(at / n)]! - means[at % n]! + all,
  );
}

/**
 * ⟨K_i, K_j⟩ / (‖K_i‖‖K_j‖) of every pair of layers, [layers][layers]: symmetric, 1 on the
 * diagonal, invariant to rotation and scaling of a layer's activations. Throws `bad-text` for fewer
 * than three samples, or if all samples are equal to a layer.
 */
export function layerSimilarity(grams: readonly ArrayLike<number>[]): number[][] {
  const n = Math.round(Math.sqrt(elementAt(grams, 0).length));
  const bad = (why: string, remedy: string) => new AtlasError('bad-text', { why, remedy });
  if (n < FEWEST_SAMPLES)
    throw bad(
      `it gives ${n} sequence${n === 1 ? '' : 's'}, but the similarity of two layers needs at least ${FEWEST_SAMPLES}`,
      'Use more or shorter sequences.',
    );
  const unit = grams.map((gram, layer) => {
    const k = centred(gram, n);
    const norm = Math.sqrt(k.reduce((sum, v) => sum + v * v, 0));
    if (!(norm > 0 && Number.isFinite(norm)))
      throw bad(
        `all of its sequences are the same at layer ${layer}`,
        'Use a text with different sequences.',
      );
    return k.map((v) => v / norm);
  });
  const matrix = unit.map(() => new Array<number>(unit.length).fill(1));
  unit.forEach((a, i) =>
    unit.slice(0, i).forEach((b, j) => {
      elementAt(matrix, i)[j] = elementAt(matrix, j)[i] = a.reduce(
        (sum, v, at) => sum + v * b[at]!,
        0,
      );
    }),
  );
  return matrix;
}

/**
 * Redundancy of each layer as a share of the total: c_i = Σ_{j≠i} CKA_ij / Σ_k Σ_{j≠k} CKA_kj. 1
 * for a single layer.
 */
export function redundancies(similarity: readonly (readonly number[])[]): number[] {
  const sums = similarity.map((row, i) => row.reduce((sum, v, j) => sum + (i === j ? 0 : v), 0));
  const all = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => (all > 0 ? sum / all : 1 / sums.length));
}

/** exp(−β c_i). β is 1 with Wanda. */
export const layerImportances = (redundancy: readonly number[], beta: number): number[] =>
  redundancy.map((c) => Math.exp(-beta * c));
