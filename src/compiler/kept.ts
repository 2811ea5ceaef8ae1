/**
 * What a block's forward pass keeps for its backward pass: the results of products and of softmax,
 * which are dear to work out again. All else between them (norms, rotations, activations, unpacked
 * weights) is worked out again, which is cheap.
 */
import { defined } from '../checked.ts';
import { stepsBetween } from './gradient/index.ts';
import type { PieceRequest } from './pieces.ts';
import type { Value } from './value.ts';

const DEAR: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'Softmax']);

/**
 * Values of the forward pass from `x` to `y` that lead to `wanted` and are dear, or in `whole`
 * (sums of products, kept as one), in the order in which they arise; nothing behind them is asked
 * for. `thin` are kept, too: values with the dims given, some symbolic.
 */
export function keptValues({
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
  const kept = new Set<Value>();
  const visit = (value: Value): void => {
    if (value.kind !== 'computed' || !value.step || seen.has(value)) return;
    seen.add(value);
    if (forward.has(value.step) && (whole.has(value) || DEAR.has(value.step.op))) kept.add(value);
    else for (const v of value.step.inputs) if (v) visit(v);
  };
  [...wanted, ...thin.keys()].forEach(visit);
  const values = steps.flatMap((step) => step.outputs.filter((v) => kept.has(v)));
  return values.map((value, i) => ({
    name: `kept${i}`,
    value,
    dims: value.dims,
    ...(thin.has(value) && { shape: defined(thin.get(value)) }),
  }));
}
