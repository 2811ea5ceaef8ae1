/**
 * Gradients of matrix products. Packed weights are dequantised first (`dequantise.ts`), so MatMul
 * and Gemm are enough.
 */
import { elementAt } from '../../checked.ts';
import { float, int } from '../fold/rule.ts';
import { count, type Value } from '../value.ts';
import type { Algebra, GradientRule, GradientRules } from './rule.ts';

const flat = (m: Algebra, x: Value): Value =>
  m.b.reshape(x, [count(x.dims.slice(0, -1)), elementAt(x.dims, -1)]);

function gemm({
  m,
  a,
  b,
  transA,
  transB,
  alpha = 1,
}: {
  m: Algebra;
  a: Value;
  b: Value;
  transA: boolean;
  transB: boolean;
  alpha?: number;
}): Value {
  return m.one('Gemm', [a, b], {
    ...(alpha !== 1 && { alpha: { type: 'float', value: alpha } }),
    ...(transA && { transA: { type: 'int', value: 1 } }),
    ...(transB && { transB: { type: 'int', value: 1 } }),
  });
}

/** `Y = A W`: `dA = dY Wᵀ`, `dW = Aᵀ dY`. Gemm reads a matrix W transposed in place. */
const matmul: GradientRule = ({ m, step, dy }) => {
  const [a, w] = step.inputs as [Value, Value];
  if (w.dims.length > 2)
    return [() => m.one('MatMul', [dy, m.swap(w)]), () => m.one('MatMul', [m.swap(a), dy])];
  return [
    () => m.b.reshape(gemm({ m, a: flat(m, dy), b: w, transA: false, transB: true }), a.dims),
    () => gemm({ m, a: flat(m, a), b: flat(m, dy), transA: true, transB: false }),
  ];
};

/** `Y = α op(A) op(B) + β C`. */
const general: GradientRule = ({ m, step, dy }) => {
  const [a, b] = step.inputs as [Value, Value];
  const alpha = float(step, 'alpha', 1);
  const beta = float(step, 'beta', 1);
  const tA = int(step, 'transA', 0) === 1;
  const tB = int(step, 'transB', 0) === 1;
  return [
    () =>
      tA
        ? gemm({ m, a: b, b: dy, transA: tB, transB: true, alpha })
        : gemm({ m, a: dy, b, transA: false, transB: !tB, alpha }),
    () =>
      tB
        ? gemm({ m, a: dy, b: a, transA: true, transB: tA, alpha })
        : gemm({ m, a, b: dy, transA: !tA, transB: false, alpha }),
    () => (beta === 1 ? dy : m.mul(dy, beta)),
  ];
};

export const products: GradientRules = { MatMul: matmul, Gemm: general };
