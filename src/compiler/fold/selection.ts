/**
 * Shape inference and folding of operators that select elements (Slice, Split, Gather, Trilu), and
 * of CumSum.
 */
import { defined, elementAt } from '../../checked.ts';
import { Clash, count, sameDims, shapeText, Unsupported, type Value } from '../value.ts';
import { full, fullAlong, isInteger, pick, type Constant } from './constant.ts';
import {
  axisOf,
  constantOf,
  input,
  int,
  integers,
  known,
  whole,
  type Call,
  type Rule,
} from './rule.ts';

/** Indices that a Slice selects along each axis; null for a whole axis. */
export function sliceIndices(call: Call): (number[] | null)[] {
  const { dims } = input(call, 0);
  const starts = integers(call, 1, 'starts') ?? [];
  const ends = integers(call, 2, 'ends') ?? [];
  const axes = integers(call, 3, 'axes') ?? starts.map((_, i) => i);
  const steps = integers(call, 4, 'steps') ?? starts.map(() => 1);
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    steps.length !== starts.length
  )
    throw new Clash('its starts, ends and axes differ in number');
  const out: (number[] | null)[] = dims.map(() => null);
  axes.forEach((a, k) => {
    const axis = axisOf(a, dims.length);
    const n = dims[axis]!;
    const step = steps[k]!;
    if (step === 0) throw new Clash('a step of 0');
    const clamp = (v: number, low: number, high: number) =>
      Math.min(high, Math.max(low, v < 0 ? v + n : v));
    const list: number[] = [];
    if (step > 0)
      for (let i = clamp(starts[k]!, 0, n), e = clamp(ends[k]!, 0, n); i < e; i += step)
        list.push(i);
    else
      for (let i = clamp(starts[k]!, -1, n - 1), e = clamp(ends[k]!, -1, n - 1); i > e; i += step)
        list.push(i);
    out[axis] = list;
  });
  return out;
}

function splitSizes(call: Call): { axis: number; sizes: readonly number[] } {
  const { dims } = input(call, 0);
  const axis = axisOf(int(call, 'axis', 0), dims.length);
  const n = dims[axis]!;
  let sizes = integers(call, 1, 'split');
  if (!sizes) {
    const parts = call.outputs;
    const size = Math.ceil(n / parts);
    sizes = Array.from({ length: parts }, (_, i) => Math.min(size, n - i * size));
  }
  if (
    sizes.reduce((a, b) => a + b, 0) !== n ||
    sizes.some((s) => s < 0) ||
    sizes.length < call.outputs
  ) {
    throw new Clash(`axis ${axis} of ${shapeText(dims)} cannot be split into ${shapeText(sizes)}`);
  }
  return { axis, sizes };
}

/** Indices of a Gather, with negative ones normalised. */
export function gatherIndices(data: Value, axis: number, indices: Constant): number[] {
  const n = data.dims[axis]!;
  if (!isInteger(indices.type)) throw new Clash(`its indices are ${indices.type}, not integers`);
  return Array.from(indices.data, (i) => {
    const at = i < 0 ? i + n : i;
    if (!(at >= 0 && at < n)) throw new Clash(`index ${i} is outside ${shapeText(data.dims)}`);
    return at;
  });
}

export const selection: Record<string, Rule> = {
  Slice: {
    infer: (call) => {
      const lists = sliceIndices(call);
      const { type, dims } = input(call, 0);
      return [{ type, dims: dims.map((d, i) => lists[i]?.length ?? d) }];
    },
    same: (call, [shape]) => {
      const ordered = sliceIndices(call).every((list) => !list || list.every((at, i) => at === i));
      return ordered && sameDims(input(call, 0).dims, defined(shape).dims) ? 0 : null;
    },
    evaluate: (call, [shape]) => {
      const c = known(call, 0);
      const { dims } = defined(shape);
      return [
        pick(
          c,
          dims,
          sliceIndices(call).map((list, i) => (c.stored[i] === 1 && dims[i]! > 0 ? [0] : list)),
        ),
      ];
    },
  },
  Split: {
    infer: (call) => {
      const { axis, sizes } = splitSizes(call);
      const { type, dims } = input(call, 0);
      return sizes.map((s) => ({ type, dims: dims.map((d, i) => (i === axis ? s : d)) }));
    },
    evaluate: (call, shapes) => {
      const { axis, sizes } = splitSizes(call);
      const c = fullAlong(known(call, 0), [axis]);
      let start = 0;
      return sizes.map((s, k) => {
        const list = Array.from({ length: s }, (_, i) => start + i);
        start += s;
        return pick(
          c,
          elementAt(shapes, k).dims,
          c.stored.map((_, i) => (i === axis ? list : null)),
        );
      });
    },
  },
  Gather: {
    infer: (call) => {
      const data = input(call, 0);
      const indices = input(call, 1);
      const axis = axisOf(int(call, 'axis', 0), data.dims.length);
      return [
        {
          type: data.type,
          dims: [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)],
        },
      ];
    },
    evaluate: (call, [shape]) => {
      const data = input(call, 0);
      const c = known(call, 0);
      const indices = known(call, 1);
      const { type, dims } = defined(shape);
      const axis = axisOf(int(call, 'axis', 0), data.dims.length);
      const list = gatherIndices(data, axis, indices);
      const flat = c.stored[axis] === 1;
      const picked = pick(
        c,
        dims,
        c.stored.map((_, i) => (i !== axis ? null : flat ? [0] : list)),
      );
      const between = flat ? indices.dims.map((d) => (d === 0 ? 0 : 1)) : indices.stored;
      return [
        {
          type,
          dims,
          stored: [...c.stored.slice(0, axis), ...between, ...c.stored.slice(axis + 1)],
          data: picked.data,
        },
      ];
    },
  },
  Trilu: {
    infer: (call) => [input(call, 0)],
    evaluate: (call, [shape]) => {
      const { dims } = defined(shape);
      const rank = dims.length;
      const c = fullAlong(known(call, 0), [rank - 2, rank - 1]);
      const upper = int(call, 'upper', 1) === 1;
      const k = constantOf(call.inputs[1])?.data[0] ?? 0;
      const [rows, columns] = [dims[rank - 2]!, dims[rank - 1]!];
      const data = c.data.slice();
      for (let at = 0; at < data.length; at++) {
        const column = at % columns;
        const row = Math.floor(at / columns) % rows;
        if (upper ? column < row + k : column > row + k) data[at] = 0;
      }
      return [{ ...c, data }];
    },
  },
  CumSum: {
    infer: (call) => [input(call, 0)],
    evaluate: (call, [shape]) => {
      const { dims } = defined(shape);
      const axis = axisOf(whole(call, 1)[0]!, dims.length);
      const c = full(known(call, 0));
      if (int(call, 'exclusive', 0) || int(call, 'reverse', 0))
        throw new Unsupported('an exclusive or reversed sum');
      const data = c.data.slice();
      const inner = count(dims.slice(axis + 1));
      for (let at = 0; at < data.length; at++)
        if (Math.floor(at / inner) % dims[axis]! > 0) data[at]! += data[at - inner]!;
      return [{ ...c, data }];
    },
  },
};
