/**
 * Lowers int8 exports (`_quantized`): DynamicQuantizeLinear → MatMulInteger → Cast → Mul with both
 * scales.
 *
 * The result is a float product with the dequantised weight. The weight stays int8. Activations are
 * no longer rounded: their scale covers the whole batch, so one sequence would change the results
 * of another.
 */
import { elementAt } from '../../checked.ts';
import { Clash, Unsupported, type ComputedValue, type Value } from '../value.ts';
import { input } from '../fold/rule.ts';
import type { Lowering } from './lowering.ts';

/**
 * The float activations of each DynamicQuantizeLinear output, the operands of each unfinished
 * MatMulInteger, and the weight scale of each product of scales.
 */
const quantised = new WeakMap<Value, { x: Value; part: 'values' | 'scale' | 'zero' }>();
const integer = new WeakMap<Value, { x: Value; weight: Value; zero: Value | null }>();
const scales = new WeakMap<Value, Value>();

const placeholder = (
  like: Value,
  type: ComputedValue['type'],
  dims: readonly number[],
): ComputedValue => ({
  kind: 'computed',
  type,
  dims,
  step: null,
  depends: true,
  ids: like.kind === 'computed' && like.ids,
});

export const quantiseActivations: Lowering = (b, call) => {
  const x = input(call, 0);
  b.facts.roundsActivations = true;
  const out = [
    placeholder(x, 'uint8', x.dims),
    placeholder(x, 'float32', []),
    placeholder(x, 'uint8', []),
  ];
  (['values', 'scale', 'zero'] as const).forEach((part, i) =>
    quantised.set(elementAt(out, i), { x, part }),
  );
  return out;
};

export const integerProduct: Lowering = (_, call) => {
  const a = input(call, 0);
  const weight = input(call, 1);
  const source = quantised.get(a);
  if (source?.part !== 'values' || weight.kind !== 'weight' || weight.dims.length !== 2)
    throw new Unsupported('operands other than quantised activations and a weight');
  if (a.dims.at(-1) !== weight.dims[0])
    throw new Clash(`[${a.dims}] times [${weight.dims}] does not fit`);
  const out = placeholder(a, 'int32', [...a.dims.slice(0, -1), weight.dims[1]!]);
  integer.set(out, { x: source.x, weight, zero: call.inputs[3] ?? null });
  return [out];
};

/** Lowers the Cast and the two Muls that follow; declines everything else. */
export const integerScale: Lowering = (b, { inputs: [p, q] }) => {
  if (!p) return null;
  const product = integer.get(p);
  if (product && !q) {
    // Cast to float
    const out = placeholder(p, 'float32', p.dims);
    integer.set(out, product);
    return [out];
  }
  if (!q) return null;
  const scaleOf = (v: Value, w: Value) =>
    quantised.get(v)?.part === 'scale' && w.kind !== 'computed' ? w : null;
  const weightScale = scaleOf(p, q) ?? scaleOf(q, p);
  if (weightScale) {
    // activation scale · weight scale
    const out = placeholder(p, 'float32', weightScale.dims);
    scales.set(out, weightScale);
    return [out];
  }
  const done = integer.get(p) ?? integer.get(q);
  const scale = scales.get(p) ?? scales.get(q);
  if (!done || !scale) return null;
  const weight = b.one(
    'DequantizeLinear',
    [done.weight, scale, ...(done.zero ? [done.zero] : [])],
    { axis: { type: 'int', value: 1 } },
  );
  return [b.one('MatMul', [done.x, weight])];
};
