/**
 * Gradients of fused normalisations: `y = n ⊙ w (+ b)`, `n = (x − mean) / σ`; RMS omits the mean.
 *
 * With g = dy ⊙ w and means over the normalised axes: `dx = (g − mean(g) − n · mean(g ⊙ n)) / σ`;
 * RMS omits `mean(g)`.
 */
import { defined } from '../../checked.ts';
import { axisOf, float, int } from '../fold/rule.ts';
import type { Backward, GradientRule, GradientRules } from './rule.ts';

/** The operators' default. */
const EPSILON = 1e-5;

const norm =
  (centred: boolean): GradientRule =>
  (at) => [() => inputGradient(at, centred), null, null];

function inputGradient({ m, step, x, dy }: Backward, centred: boolean) {
  const first = axisOf(int(step, 'axis', -1), x.dims.length);
  const axes = x.dims.map((_, i) => i).slice(first);
  const c = centred ? m.sub(x, m.reduce('ReduceMean', x, axes)) : x;
  const variance = m.reduce('ReduceMean', m.square(c), axes);
  const inverse = m.one('Reciprocal', [
    m.one('Sqrt', [m.add(variance, float(step, 'epsilon', EPSILON))]),
  ]);
  const n = m.mul(c, inverse);
  const g = m.mul(dy, defined(step.inputs[1]));
  const along = m.sub(g, m.mul(n, m.reduce('ReduceMean', m.mul(g, n), axes)));
  return m.mul(centred ? m.sub(along, m.reduce('ReduceMean', g, axes)) : along, inverse);
}

export const norms: GradientRules = {
  SimplifiedLayerNormalization: norm(false),
  RMSNormalization: norm(false),
  LayerNormalization: norm(true),
};
