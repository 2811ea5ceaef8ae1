/** Gradients of elementwise functions of one input, from their derivatives. */
import { float } from '../fold/rule.ts';
import type { Value } from '../value.ts';
import type { Algebra, Backward, GradientRule, GradientRules } from './rule.ts';

type Slope = (at: Backward) => Value;

const rule =
  (slope: Slope): GradientRule =>
  (at) => [() => at.m.mul(at.dy, slope(at))];

/** Exact GELU `x Φ(x)`; derivative `Φ(x) + x φ(x)`. */
function geluSlope(m: Algebra, x: Value): Value {
  const cdf = m.mul(m.add(m.one('Erf', [m.mul(x, Math.SQRT1_2)]), 1), 0.5);
  const density = m.mul(m.one('Exp', [m.mul(m.square(x), -0.5)]), 1 / Math.sqrt(2 * Math.PI));
  return m.add(cdf, m.mul(x, density));
}

/** Derivative of `½ x (1 + tanh u)`, `u = √(2/π) (x + 0.044715 x³)`. */
function tanhGeluSlope(m: Algebra, x: Value): Value {
  const c = Math.sqrt(2 / Math.PI);
  const k = 0.044715;
  const square = m.square(x);
  const t = m.one('Tanh', [m.mul(m.mul(x, m.add(m.mul(square, k), 1)), c)]);
  const du = m.mul(m.add(m.mul(square, 3 * k), 1), c);
  return m.mul(m.add(m.add(t, 1), m.mul(m.mul(x, m.sub(1, m.square(t))), du)), 0.5);
}

/** Activations that add a bias first: `f(x + bias)`. */
const biased =
  (slope: (m: Algebra, x: Value) => Value): GradientRule =>
  ({ m, step, x, dy }) => {
    const bias = step.inputs[1];
    return [() => m.mul(dy, slope(m, bias ? m.add(x, bias) : x)), null];
  };

const stepAt = (m: Algebra, x: Value, above: number, below: number): Value =>
  m.where('Greater', { a: x, b: 0, x: above, y: below });

const slopes: Readonly<Record<string, Slope>> = {
  Abs: ({ m, x }) => stepAt(m, x, 1, -1),
  Sqrt: ({ m, y }) => m.div(0.5, y),
  Exp: ({ y }) => y,
  Log: ({ m, x }) => m.one('Reciprocal', [x]),
  Sin: ({ m, x }) => m.one('Cos', [x]),
  Cos: ({ m, x }) => m.neg(m.one('Sin', [x])),
  Tanh: ({ m, y }) => m.sub(1, m.square(y)),
  Erf: ({ m, x }) => m.mul(m.one('Exp', [m.neg(m.square(x))]), 2 / Math.sqrt(Math.PI)),
  Reciprocal: ({ m, y }) => m.neg(m.square(y)),
  Sigmoid: ({ m, y }) => m.mul(y, m.sub(1, y)),
  Softplus: ({ m, x }) => m.one('Sigmoid', [x]),
  LeakyRelu: ({ m, step, x }) => stepAt(m, x, 1, float(step, 'alpha', 0.01)),
  Elu: ({ m, step, x, y }) =>
    m.one('Where', [m.one('Greater', [x, 0]), 1, m.add(y, float(step, 'alpha', 1))]),
  HardSigmoid: ({ m, step, y }) => stepAt(m, m.mul(y, m.sub(1, y)), float(step, 'alpha', 0.2), 0),
  HardSwish: ({ m, x }) =>
    m.where('Greater', {
      a: x,
      b: 3,
      x: 1,
      y: m.where('Greater', { a: x, b: -3, x: m.add(m.div(x, 3), 0.5), y: 0 }),
    }),
  Mish: ({ m, x }) => {
    const t = m.one('Tanh', [m.one('Softplus', [x])]);
    return m.add(t, m.mul(m.mul(x, m.sub(1, m.square(t))), m.one('Sigmoid', [x])));
  },
  'com.microsoft::Gelu': ({ m, x }) => geluSlope(m, x),
  'com.microsoft::QuickGelu': ({ m, step, x }) => {
    const alpha = float(step, 'alpha', 1.702);
    const s = m.one('Sigmoid', [m.mul(x, alpha)]);
    return m.mul(s, m.add(1, m.mul(m.mul(x, alpha), m.sub(1, s))));
  },
  Gelu: ({ m, step, x }) => {
    const kind = step.attributes.get('approximate');
    return kind?.type === 'string' && kind.value === 'tanh' ? tanhGeluSlope(m, x) : geluSlope(m, x);
  },
};

export const activations: GradientRules = {
  ...Object.fromEntries(Object.entries(slopes).map(([op, slope]) => [op, rule(slope)])),
  Neg: ({ m, dy }) => [() => m.neg(dy)],
  Relu: ({ m, x, dy }) => [() => m.where('Greater', { a: x, b: 0, x: dy, y: 0 })],
  'com.microsoft::FastGelu': biased(tanhGeluSlope),
  'com.microsoft::BiasGelu': biased(geluSlope),
  // Zero almost everywhere.
  Floor: () => [null],
  Ceil: () => [null],
  Sign: () => [null],
};
