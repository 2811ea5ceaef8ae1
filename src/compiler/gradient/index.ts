/**
 * Reverse-mode differentiation: adds the vector-Jacobian product of a part of the graph as further
 * steps.
 *
 * Only values on a path from `x` or a parameter to `y` get a gradient; weights and constants get
 * none. The piece omits unused steps.
 */
import { defined, elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { shown } from '../../onnx/graph.ts';
import type { Builder } from '../builder.ts';
import { ruleKey } from '../fold/index.ts';
import { sameDims, type Step, type Value } from '../value.ts';
import { activations } from './activations.ts';
import { elementwise } from './elementwise.ts';
import { layout } from './layout.ts';
import { norms } from './norms.ts';
import { products } from './products.ts';
import { reductions } from './reductions.ts';
import { Algebra, type GradientRule } from './rule.ts';

export const gradientRules: ReadonlyMap<string, GradientRule> = new Map(
  [activations, elementwise, layout, norms, products, reductions].flatMap((table) =>
    Object.entries(table),
  ),
);

/**
 * Returns a function from a value to the gradient of `Σ y · dy`. It covers the values between `x`
 * (or one of `parameters`) and `y`, both included, and returns undefined for any other value.
 * Throws `operator` with the node that has no rule.
 */
export function differentiate({
  b,
  x,
  y,
  dy,
  parameters = [],
}: {
  b: Builder;
  x: Value;
  y: Value;
  dy: Value;
  parameters?: readonly Value[];
}): (value: Value) => Value | undefined {
  const m = new Algebra(b);
  const steps = stepsBetween(x, y);
  const active = new Set<Value>([x, ...parameters]);
  for (const step of steps) {
    if (step.inputs.some((v) => v && active.has(v)))
      for (const v of step.outputs) if (v.type.startsWith('float')) active.add(v);
  }
  const gradients = new Map<Value, Value>([[y, dy]]);
  for (const step of steps.toReversed()) {
    const dys = step.outputs.map((v) => gradients.get(v));
    const dy = dys[0] ?? dys.find((g) => g);
    if (!dy || !step.inputs.some((v) => v && active.has(v))) continue;
    const key = ruleKey(step.domain, step.op);
    const rule = gradientRules.get(key);
    if (!rule)
      throw new AtlasError('operator', {
        where: `the gradient of node "${shown(step.name)}"`,
        operator: shown(key),
      });
    const parts = rule({
      m,
      step,
      x: defined(step.inputs[0]),
      y: elementAt(step.outputs, 0),
      dy,
      dys,
    });
    step.inputs.forEach((v, i) => {
      const part = parts[i];
      if (!v || !part || !active.has(v)) return;
      const gradient = shaped(m, part(), v.dims);
      const before = gradients.get(v);
      gradients.set(v, before ? m.add(before, gradient) : gradient);
    });
  }
  return (value) => gradients.get(value);
}

/** Steps from `x` to `y` in topological order, including those that depend only on weights. */
export function stepsBetween(x: Value, y: Value): Step[] {
  const steps: Step[] = [];
  const seen = new Set<Step>();
  const visit = (value: Value): void => {
    if (value === x || value.kind !== 'computed' || !value.step || seen.has(value.step)) return;
    seen.add(value.step);
    for (const v of value.step.inputs) if (v) visit(v);
    steps.push(value.step);
  };
  visit(y);
  return steps;
}

/**
 * Converts a gradient to the dims of its value: sums over broadcast axes, and expands where the
 * gradient is constant.
 */
function shaped(m: Algebra, gradient: Value, dims: readonly number[]): Value {
  if (sameDims(gradient.dims, dims)) return gradient;
  const lead = Math.max(0, gradient.dims.length - dims.length);
  const axes = gradient.dims.flatMap((d, i) =>
    i < lead || (d !== 1 && dims[i - lead] === 1) ? [i] : [],
  );
  const summed = axes.length > 0 ? m.reduce('ReduceSum', gradient, axes) : gradient;
  const trimmed = m.b.reshape(summed, summed.dims.slice(lead));
  return sameDims(trimmed.dims, dims) ? trimmed : m.b.one('Expand', [trimmed, m.b.integers(dims)]);
}
