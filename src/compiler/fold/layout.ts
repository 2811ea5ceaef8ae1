/**
 * Shape inference and folding of operators that rearrange elements (Reshape, Transpose, Expand,
 * Concat, …), and of Shape.
 */
import { defined } from '../../checked.ts';
import { Clash, count, sameDims, shapeText, type Shape } from '../value.ts';
import {
  broadcastDims,
  fullAlong,
  isUniform,
  numbers,
  pick,
  store,
  type Constant,
} from './constant.ts';
import { axisOf, input, int, integers, known, whole, type Call, type Rule } from './rule.ts';

const reshaped = (c: Constant, dims: readonly number[]): Constant => {
  if (isUniform(c)) return { ...c, dims, stored: dims.map((d) => (d === 0 ? 0 : 1)) };
  // Unchanged leading axes may stay collapsed.
  let lead = 0;
  while (lead < c.dims.length && c.dims[lead] === dims[lead]) lead++;
  const rest = c.dims.map((_, i) => i).filter((i) => i >= lead);
  const written = fullAlong(c, rest);
  return { ...written, dims, stored: [...written.stored.slice(0, lead), ...dims.slice(lead)] };
};

/** Operators that change only the dims: the same elements in the same order. */
const relabel = (infer: Rule['infer']): Rule => ({
  infer,
  same: (call, [shape]) => (sameDims(input(call, 0).dims, defined(shape).dims) ? 0 : null),
  evaluate: (call, [shape]) => [reshaped(known(call, 0), defined(shape).dims)],
});

function reshape(call: Call): Shape[] {
  const { type, dims } = input(call, 0);
  const wanted = whole(call, 1);
  const zeroIsZero = int(call, 'allowzero', 0) === 1;
  const out = wanted.map((d, i) => (d === 0 && !zeroIsZero ? (dims[i] ?? NaN) : d));
  const open = out.indexOf(-1);
  const total = count(dims);
  if (open >= 0) out[open] = total / count(out.filter((_, i) => i !== open));
  if (out.some((d) => !Number.isInteger(d) || d < 0) || count(out) !== total) {
    throw new Clash(`${shapeText(dims)} cannot become ${shapeText(wanted)}`);
  }
  return [{ type, dims: out }];
}

function unsqueeze(call: Call): Shape[] {
  const { type, dims } = input(call, 0);
  const axes = integers(call, 1, 'axes') ?? [];
  const rank = dims.length + axes.length;
  const at = new Set(axes.map((a) => axisOf(a, rank)));
  if (at.size !== axes.length) throw new Clash('the same axis is added twice');
  const rest = [...dims];
  return [
    { type, dims: Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : defined(rest.shift()))) },
  ];
}

function squeeze(call: Call): Shape[] {
  const { type, dims } = input(call, 0);
  const axes = integers(call, 1, 'axes');
  const drop = new Set(
    axes ? axes.map((a) => axisOf(a, dims.length)) : dims.flatMap((d, i) => (d === 1 ? [i] : [])),
  );
  for (const a of drop)
    if (dims[a] !== 1) throw new Clash(`axis ${a} of ${shapeText(dims)} is not 1`);
  return [{ type, dims: dims.filter((_, i) => !drop.has(i)) }];
}

function flatten(call: Call): Shape[] {
  const { type, dims } = input(call, 0);
  const axis = int(call, 'axis', 1);
  const at = axis === dims.length ? axis : axisOf(axis, dims.length);
  return [{ type, dims: [count(dims.slice(0, at)), count(dims.slice(at))] }];
}

/** The axis order of a Transpose. Throws `Clash` if it is not a permutation. */
export function permutation(call: Call): readonly number[] {
  const { dims } = input(call, 0);
  const a = call.attributes.get('perm');
  const perm = a?.type === 'ints' ? a.value : dims.map((_, i) => dims.length - 1 - i);
  if (
    perm.length !== dims.length ||
    new Set(perm).size !== perm.length ||
    perm.some((p) => !(p >= 0 && p < dims.length))
  ) {
    throw new Clash(`the order ${shapeText(perm)} is not a permutation of ${dims.length} axes`);
  }
  return perm;
}

const concat: Rule = {
  infer: (call) => {
    const first = input(call, 0);
    const axis = axisOf(int(call, 'axis', 0), first.dims.length);
    const dims = [...first.dims];
    dims[axis] = 0;
    for (let i = 0; i < call.inputs.length; i++) {
      const { type, dims: d } = input(call, i);
      if (
        type !== first.type ||
        d.length !== dims.length ||
        d.some((n, k) => k !== axis && n !== dims[k])
      ) {
        throw new Clash(
          `${shapeText(first.dims)} and ${shapeText(d)} cannot be joined along axis ${axis}`,
        );
      }
      dims[axis]! += d[axis]!;
    }
    return [{ type: first.type, dims }];
  },
  // Joining with an empty past changes nothing.
  same: (call, [shape]) => {
    const whole = call.inputs.findIndex((v) => sameDims(defined(v).dims, defined(shape).dims));
    return whole >= 0 ? whole : null;
  },
  evaluate: (call, [shape]) => {
    const { type, dims } = defined(shape);
    const axis = axisOf(int(call, 'axis', 0), dims.length);
    const parts = call.inputs.map((_, i) => known(call, i)).filter((c) => c.dims[axis] !== 0);
    const others = broadcastDims(parts.map((c) => c.stored.map((s, i) => (i === axis ? 1 : s))));
    const stored = others.map((s, i) => (i === axis ? dims[axis]! : s));
    const data = numbers(type, count(stored));
    const inner = count(stored.slice(axis + 1));
    const outer = count(stored.slice(0, axis));
    let base = 0;
    for (const part of parts) {
      const width = part.dims[axis]! * inner;
      const from = store(
        part,
        others.map((s, i) => (i === axis ? part.dims[axis]! : s)),
      ).data;
      for (let o = 0; o < outer; o++)
        data.set(from.subarray(o * width, (o + 1) * width), o * dims[axis]! * inner + base);
      base += width;
    }
    return [{ type, dims, stored, data }];
  },
};

export const layout: Record<string, Rule> = {
  Reshape: relabel(reshape),
  Unsqueeze: relabel(unsqueeze),
  Squeeze: relabel(squeeze),
  Flatten: relabel(flatten),
  Concat: concat,
  Identity: { infer: (call) => [input(call, 0)], same: () => 0 },
  // Dropout does nothing at inference.
  Dropout: { infer: (call) => [input(call, 0)], same: () => 0 },
  Shape: {
    shapeOnly: true,
    infer: (call) => [{ type: 'int64', dims: [shapeSlice(call).length] }],
    evaluate: (call, [shape]) => [
      {
        type: 'int64',
        dims: defined(shape).dims,
        stored: defined(shape).dims,
        data: Float64Array.from(shapeSlice(call)),
      },
    ],
  },
  Size: {
    shapeOnly: true,
    infer: () => [{ type: 'int64', dims: [] }],
    evaluate: (call) => [
      { type: 'int64', dims: [], stored: [], data: Float64Array.of(count(input(call, 0).dims)) },
    ],
  },
  Transpose: {
    infer: (call) => [
      { type: input(call, 0).type, dims: permutation(call).map((p) => input(call, 0).dims[p]!) },
    ],
    same: (call) => (permutation(call).every((p, i) => p === i) ? 0 : null),
    evaluate: (call, [shape]) => {
      const c = known(call, 0);
      const perm = permutation(call);
      const { dims } = defined(shape);
      const stored = perm.map((p) => c.stored[p]!);
      const strides = perm.map((p) => count(c.stored.slice(p + 1)));
      const data = numbers(c.type, count(stored));
      const rank = dims.length;
      const index = new Array<number>(rank).fill(0);
      for (let at = 0, from = 0; at < data.length; at++) {
        data[at] = c.data[from]!;
        for (let d = rank - 1; d >= 0; d--) {
          from += strides[d]!;
          if (++index[d]! < stored[d]!) break;
          from -= strides[d]! * stored[d]!;
          index[d] = 0;
        }
      }
      return [{ type: c.type, dims, stored, data }];
    },
  },
  Expand: {
    infer: (call) => [
      { type: input(call, 0).type, dims: broadcastDims([input(call, 0).dims, whole(call, 1)]) },
    ],
    same: (call, [shape]) => (sameDims(input(call, 0).dims, defined(shape).dims) ? 0 : null),
    evaluate: (call, [shape]) => {
      const c = known(call, 0);
      const { dims } = defined(shape);
      const pad = dims.length - c.stored.length;
      return [{ ...c, dims, stored: dims.map((d, i) => (d === 0 ? 0 : (c.stored[i - pad] ?? 1))) }];
    },
  },
  Tile: {
    infer: (call) => {
      const { type, dims } = input(call, 0);
      const repeats = whole(call, 1);
      if (repeats.length !== dims.length || repeats.some((n) => n < 0))
        throw new Clash(`${shapeText(dims)} cannot be repeated ${shapeText(repeats)} times`);
      return [{ type, dims: dims.map((d, i) => d * repeats[i]!) }];
    },
    same: (call, [shape]) => (sameDims(input(call, 0).dims, defined(shape).dims) ? 0 : null),
    evaluate: (call, [shape]) => {
      const c = known(call, 0);
      const { dims } = defined(shape);
      return [
        pick(
          c,
          dims,
          dims.map((d, i) =>
            c.stored[i] === 1 && d > 0 ? [0] : Array.from({ length: d }, (_, k) => k % c.dims[i]!),
          ),
        ),
      ];
    },
  },
};

function shapeSlice(call: Call): readonly number[] {
  const { dims } = input(call, 0);
  const end = int(call, 'end', dims.length);
  return dims.slice(int(call, 'start', 0), end);
}
