/** Gradients of reductions and of softmax. */
import { axesOf } from '../fold/reductions.ts';
import { int } from '../fold/rule.ts';
import type { Value } from '../value.ts';
import type { Backward, GradientRule, GradientRules } from './rule.ts';

/** The reduced axes, and a function that restores them with size 1. */
function reduced({ m, step, x }: Backward): { axes: number[]; open: (v: Value) => Value } {
  const axes = axesOf({ ...step, outputs: 1 });
  return {
    axes: [...axes],
    open: (v) =>
      m.b.reshape(
        v,
        x.dims.map((d, i) => (axes.has(i) ? 1 : d)),
      ),
  };
}

/** The gradient goes to the largest (smallest) entry, in equal parts on a tie. */
const extreme: GradientRule = (at) => {
  const { m, x, y, dy } = at;
  return [
    () => {
      const { axes, open } = reduced(at);
      const taken = m.where('Equal', { a: x, b: open(y), x: 1, y: 0 });
      return m.mul(taken, m.div(open(dy), m.reduce('ReduceSum', taken, axes)));
    },
  ];
};

export const reductions: GradientRules = {
  ReduceSum: (at) => [() => reduced(at).open(at.dy)],
  ReduceMean: (at) => [
    () => {
      const { axes, open } = reduced(at);
      return at.m.mul(open(at.dy), 1 / axes.reduce((n, a) => n * at.x.dims[a]!, 1));
    },
  ],
  ReduceMax: extreme,
  ReduceMin: extreme,
  // With p = softmax(x): dx = p ⊙ (dy − Σ dy ⊙ p).
  Softmax: ({ m, step, y, dy }) => [
    () => m.mul(y, m.sub(dy, m.reduce('ReduceSum', m.mul(dy, y), [int(step, 'axis', -1)]))),
  ],
  LogSoftmax: ({ m, step, y, dy }) => [
    () => m.sub(dy, m.mul(m.one('Exp', [y]), m.reduce('ReduceSum', dy, [int(step, 'axis', -1)]))),
  ],
};
