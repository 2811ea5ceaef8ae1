/**
 * Shape inference of reductions, normalisations and fused activation functions; folding of
 * reductions.
 */
import { defined } from '../../checked.ts';
import { Clash, count, sameDims, Unsupported } from '../value.ts';
import { fullAlong, numbers, stridesFor, walk, wholeOnly, type Constant } from './constant.ts';
import { axisOf, input, int, integers, known, type Call, type Rule } from './rule.ts';

interface Reduction {
  start: number;
  step(total: number, x: number): number;
  end?(total: number, n: number): number;
}

const reductionTable: Record<string, Reduction> = {
  ReduceSum: { start: 0, step: (t, x) => t + x },
  ReduceMean: { start: 0, step: (t, x) => t + x, end: (t, n) => t / n },
  ReduceMax: { start: -Infinity, step: Math.max },
  ReduceMin: { start: Infinity, step: Math.min },
  ReduceProd: { start: 1, step: (t, x) => t * x },
};

/** The axes that a reduction reduces over. */
export function axesOf(call: Call): Set<number> {
  const { dims } = input(call, 0);
  const axes = integers(call, 1, 'axes');
  if (!axes || axes.length === 0)
    return new Set(int(call, 'noop_with_empty_axes', 0) ? [] : dims.keys());
  return new Set(axes.map((a) => axisOf(a, dims.length)));
}

export const reductions: Record<string, Rule> = {};

for (const [op, { start, step, end }] of Object.entries(reductionTable)) {
  reductions[op] = {
    infer: (call) => {
      const { type, dims } = input(call, 0);
      const axes = axesOf(call);
      const keepDims = int(call, 'keepdims', 1) === 1;
      return [{ type, dims: dims.flatMap((d, i) => (axes.has(i) ? (keepDims ? [1] : []) : [d])) }];
    },
    evaluate: (call, [shape]) => {
      const axes = axesOf(call);
      const c: Constant = fullAlong(known(call, 0), [...axes]);
      const reduced = c.stored.map((s, i) => (axes.has(i) ? 1 : s));
      const totals = new Float64Array(count(reduced)).fill(start);
      walk(c.stored, [stridesFor(reduced, reduced.length)], (at, o) => {
        totals[o[0]!] = step(totals[o[0]!]!, c.data[at]!);
      });
      const n = [...axes].reduce((product, a) => product * c.dims[a]!, 1);
      const data = numbers(c.type, totals.length);
      const values = end ? totals.map((t) => end(t, n)) : totals;
      wholeOnly(c.type, values);
      data.set(values);
      const keepDims = int(call, 'keepdims', 1) === 1;
      return [
        {
          type: c.type,
          dims: defined(shape).dims,
          stored: keepDims ? reduced : reduced.filter((_, i) => !axes.has(i)),
          data,
        },
      ];
    },
  };
}

const sameShape: Rule['infer'] = (call) => [
  { type: input(call, 0).type, dims: input(call, 0).dims },
];

for (const op of ['Softmax', 'LogSoftmax']) {
  reductions[op] = {
    infer: (call) => {
      axisOf(int(call, 'axis', -1), input(call, 0).dims.length);
      return sameShape(call);
    },
  };
}

for (const op of ['SimplifiedLayerNormalization', 'LayerNormalization', 'RMSNormalization']) {
  reductions[op] = {
    infer: (call) => {
      const x = input(call, 0);
      const scale = input(call, 1);
      const axis = axisOf(int(call, 'axis', -1), x.dims.length);
      if (call.outputs > 1) throw new Unsupported('a second output');
      if (!sameDims(scale.dims, x.dims.slice(axis)))
        throw new Clash(`a scale of ${count(scale.dims)} for a width of ${x.dims.at(-1)}`);
      return sameShape(call);
    },
  };
}

/** Fused activation functions; both providers have kernels for them. */
for (const op of [
  'Gelu',
  'com.microsoft::Gelu',
  'com.microsoft::FastGelu',
  'com.microsoft::QuickGelu',
  'com.microsoft::BiasGelu',
  'LeakyRelu',
  'Elu',
  'HardSigmoid',
  'HardSwish',
  'Mish',
]) {
  reductions[op] = { infer: sameShape };
}
