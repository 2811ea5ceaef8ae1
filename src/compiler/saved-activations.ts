/**
 * Chooses the activations saved for the backward pass: outputs of matrix products and softmax.
 * Cheaper values (norms, rotations, activation functions, unpacked weights) are recomputed.
 */
import { defined } from '../checked.ts';
import { stepsBetween } from './gradient/index.ts';
import type { PieceRequest } from './pieces.ts';
import type { Value } from './value.ts';

const EXPENSIVE: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'Softmax']);

/**
 * Returns the saved activations, in the order of the forward pass from `x` to `y`: values that
 * `wanted` depends on and that are expensive to recompute or in `whole` (sums of products, saved as
 * one). The search ends at each of them. The values of `thin` are searched, too; a saved one has
 * the given dims, some symbolic.
 */
export function savedActivations({
  x,
  y,
  whole,
  wanted,
  thin,
}: {
  x: Value;
  y: Value;
  whole: ReadonlySet<Value>;
  wanted: readonly Value[];
  thin: ReadonlyMap<Value, readonly (number | string)[]>;
}): PieceRequest['outputs'] {
  const steps = stepsBetween(x, y);
  const forward = new Set(steps);
  const seen = new Set<Value>([x]);
  const saved = new Set<Value>();
  const visit = (value: Value): void => {
    if (value.kind !== 'computed' || !value.step || seen.has(value)) return;
    seen.add(value);
    if (forward.has(value.step) && (whole.has(value) || EXPENSIVE.has(value.step.op)))
      saved.add(value);
    else for (const v of value.step.inputs) if (v) visit(v);
  };
  [...wanted, ...thin.keys()].forEach(visit);
  const values = steps.flatMap((step) => step.outputs.filter((v) => saved.has(v)));
  return values.map((value, i) => ({
    name: `saved${i}`,
    value,
    dims: value.dims,
    ...(thin.has(value) && { shape: defined(thin.get(value)) }),
  }));
}
