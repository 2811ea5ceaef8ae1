/** Gradients of arithmetic and of elementwise selection. */
import { defined } from '../../checked.ts';
import { constantOf } from '../fold/rule.ts';
import { Clash, type Value } from '../value.ts';
import type { Backward, GradientRule, GradientRules } from './rule.ts';

/** `x^p` with a constant scalar exponent. Throws `Clash` for any other exponent. */
const power: GradientRule = ({ m, step, x, y, dy }) => {
  const p = constantOf(step.inputs[1]);
  const n = p?.data.length === 1 ? p.data[0]! : null;
  if (n === null) throw new Clash('the gradient of a power with more than one exponent');
  // Shaders compute powers as exp(n·log x), so squares and cubes of negative values use products.
  const slope = (): Value => {
    if (n === 2) return m.mul(x, 2);
    if (n === 3) return m.mul(m.square(x), 3);
    if (n === 0.5) return m.div(0.5, y);
    if (n === -1) return m.neg(m.square(y));
    return m.mul(m.one('Pow', [x, n - 1]), n);
  };
  return [() => (n === 1 ? dy : m.mul(dy, slope())), null];
};

/** Max or Min of two values: the gradient goes to the selected value, on a tie to the first. */
const extreme =
  (larger: boolean): GradientRule =>
  ({ m, step, dy }) => {
    const [a, c] = step.inputs as [Value, Value];
    const order = larger ? { a, b: c } : { a: c, b: a };
    return [
      () => m.where('GreaterOrEqual', { ...order, x: dy, y: 0 }),
      () => m.where('GreaterOrEqual', { ...order, x: 0, y: dy }),
    ];
  };

const other = ({ step }: Backward, index: number): Value => defined(step.inputs[index]);

export const elementwise: GradientRules = {
  Add: ({ dy }) => [() => dy, () => dy],
  Sub: ({ m, dy }) => [() => dy, () => m.neg(dy)],
  Mul: (at) => [() => at.m.mul(at.dy, other(at, 1)), () => at.m.mul(at.dy, at.x)],
  Div: (at) => {
    const { m, dy, y } = at;
    const divisor = other(at, 1);
    return [() => m.div(dy, divisor), () => m.neg(m.div(m.mul(dy, y), divisor))];
  },
  Pow: power,
  Max: extreme(true),
  Min: extreme(false),
  Clip: ({ m, x, y, dy }) => [() => m.where('Equal', { a: x, b: y, x: dy, y: 0 }), null, null],
  Where: ({ m, x: condition, dy }) => [
    null,
    () => m.one('Where', [condition, dy, 0]),
    () => m.one('Where', [condition, 0, dy]),
  ],
  Cast: ({ m, x, dy }) => [
    () => m.one('Cast', [dy], { to: { type: 'int', value: x.type === 'float64' ? 11 : 1 } }),
  ],
};
