/**
 * Shape inference and folding of operators that create constants: Constant, ConstantOfShape, Range.
 */
import { defined } from '../../checked.ts';
import { Clash, count, Unsupported, widened } from '../value.ts';
import { decode, numbers, uniform, type Constant } from './constant.ts';
import { known, whole, type Call, type Rule } from './rule.ts';

function given(call: Call): Constant {
  for (const [name, a] of call.attributes) {
    if (name === 'value' && a.type === 'tensor') return decode(a.value);
    if (name === 'value_int' && a.type === 'int')
      return { type: 'int64', dims: [], stored: [], data: Float64Array.of(a.value) };
    if (name === 'value_float' && a.type === 'float')
      return { type: 'float32', dims: [], stored: [], data: Float32Array.of(a.value) };
    if (name === 'value_ints' && a.type === 'ints')
      return {
        type: 'int64',
        dims: [a.value.length],
        stored: [a.value.length],
        data: Float64Array.from(a.value),
      };
    if (name === 'value_floats' && a.type === 'floats')
      return {
        type: 'float32',
        dims: [a.value.length],
        stored: [a.value.length],
        data: Float32Array.from(a.value),
      };
  }
  throw new Unsupported('a value of another kind');
}

function fill(call: Call): { type: Constant['type']; value: number } {
  const a = call.attributes.get('value');
  return a?.type === 'tensor'
    ? { type: widened(a.value.type), value: decode(a.value).data[0] ?? 0 }
    : { type: 'float32', value: 0 };
}

function range(call: Call): { start: number; delta: number; n: number } {
  const [start, limit, delta] = [0, 1, 2].map((i) => known(call, i).data[0]!) as [
    number,
    number,
    number,
  ];
  const n = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isSafeInteger(n)) throw new Clash('an infinite range');
  return { start, delta, n };
}

export const generators: Record<string, Rule> = {
  Constant: {
    infer: (call) => [given(call)],
    evaluate: (call) => [given(call)],
  },
  ConstantOfShape: {
    infer: (call) => {
      const dims = whole(call, 0);
      if (dims.some((d) => !(d >= 0)) || !Number.isSafeInteger(count(dims)))
        throw new Clash('an impossible shape');
      return [{ type: fill(call).type, dims }];
    },
    evaluate: (call, [shape]) => [
      uniform(defined(shape).type, defined(shape).dims, fill(call).value),
    ],
  },
  Range: {
    infer: (call) => [{ type: known(call, 0).type, dims: [range(call).n] }],
    evaluate: (call, [shape]) => {
      const { start, delta, n } = range(call);
      const data = numbers(defined(shape).type, n);
      for (let i = 0; i < n; i++) data[i] = start + i * delta;
      return [{ type: defined(shape).type, dims: [n], stored: [n], data }];
    },
  },
};
