/** Gradients of operators that move, repeat and select elements. */
import { defined, elementAt } from '../../checked.ts';
import type { Builder } from '../builder.ts';
import { permutation } from '../fold/layout.ts';
import { axisOf, int, known } from '../fold/rule.ts';
import { gatherIndices, sliceIndices } from '../fold/selection.ts';
import type { Value } from '../value.ts';
import type { GradientRule, GradientRules } from './rule.ts';

const relabel: GradientRule = ({ m, x, dy }) => [() => m.b.reshape(dy, x.dims)];

/** Pads with zeros along one axis. */
function pad({
  b,
  x,
  axis,
  before,
  after,
}: {
  b: Builder;
  x: Value;
  axis: number;
  before: number;
  after: number;
}): Value {
  if (before + after === 0) return x;
  const pads = new Array<number>(2 * x.dims.length).fill(0);
  pads[axis] = before;
  pads[axis + x.dims.length] = after;
  return b.make('Pad', [x, b.integers(pads)], {
    type: x.type,
    dims: x.dims.map((d, i) => (i === axis ? d + before + after : d)),
  });
}

/**
 * Returns the gradients of elements selected by `list` from `n` elements along an axis, at their
 * original positions. Unselected elements get zero, repeated ones the sum.
 */
function placeBack({
  b,
  dy,
  axis,
  list,
  n,
}: {
  b: Builder;
  dy: Value;
  axis: number;
  list: readonly number[];
  n: number;
}): Value {
  if (list.every((at, i) => at === list[0]! + i))
    return pad({ b, x: dy, axis, before: list[0] ?? 0, after: n - (list[0] ?? 0) - list.length });
  // `rounds[k]` holds the k-th selection of every element. Index `none` is the padded zero.
  const none = list.length;
  const padded = pad({ b, x: dy, axis, before: 0, after: 1 });
  const rounds: number[][] = [];
  list.forEach((at, from) => {
    const round =
      rounds.find((r) => r[at] === none) ??
      elementAt(rounds, rounds.push(new Array<number>(n).fill(none)) - 1);
    round[at] = from;
  });
  return rounds
    .map((round) =>
      b.one('Gather', [padded, b.integers(round)], { axis: { type: 'int', value: axis } }),
    )
    .reduce((sum, part) => b.one('Add', [sum, part]));
}

const slice: GradientRule = ({ m, step, x, dy }) => [
  () =>
    sliceIndices({ ...step, outputs: 1 }).reduce(
      (g, list, axis) => (list ? placeBack({ b: m.b, dy: g, axis, list, n: x.dims[axis]! }) : g),
      dy,
    ),
];

/** The indices are constants (heads, halves, pairs), never tokens. */
const gather: GradientRule = ({ m, step, x, dy }) => [
  () => {
    const axis = axisOf(int(step, 'axis', 0), x.dims.length);
    const list = gatherIndices(x, axis, known({ ...step, outputs: 1 }, 1));
    return placeBack({
      b: m.b,
      dy: m.b.reshape(
        dy,
        x.dims.map((d, i) => (i === axis ? list.length : d)),
      ),
      axis,
      list,
      n: x.dims[axis]!,
    });
  },
  null,
];

const concat: GradientRule = ({ m, step, y, dy }) => {
  const axis = axisOf(int(step, 'axis', 0), y.dims.length);
  const sizes = step.inputs.map((v) => defined(v).dims[axis]!);
  let parts: readonly (Value | null)[] | null = null;
  const part = (i: number): Value =>
    defined(
      (parts ??= m.b.emit('Split', [dy, m.b.integers(sizes)], {
        attributes: { axis: { type: 'int', value: axis } },
        outputs: sizes.length,
      }))[i],
    );
  return sizes.map((_, i) => () => part(i));
};

/** Outputs without a gradient count as zero. */
const split: GradientRule = ({ m, step, x, dys }) => [
  () => {
    const axis = axisOf(int(step, 'axis', 0), x.dims.length);
    if (dys.every((g) => g))
      return m.one('Concat', dys as Value[], { axis: { type: 'int', value: axis } });
    let start = 0;
    const parts = step.outputs.flatMap((output, i) => {
      const from = start;
      const size = output.dims[axis]!;
      const g = dys[i];
      start += size;
      return g
        ? [pad({ b: m.b, x: g, axis, before: from, after: x.dims[axis]! - from - size })]
        : [];
    });
    return parts.reduce((sum, part) => m.add(sum, part));
  },
  null,
];

/** A repeated axis `d` has the form `[repeats, d]`; the gradient sums over `repeats`. */
const tile: GradientRule = ({ m, step, x, dy }) => [
  () => {
    const repeats = known({ ...step, outputs: 1 }, 1).data;
    const split = m.b.reshape(
      dy,
      x.dims.flatMap((d, i) => [repeats[i]!, d]),
    );
    return m.b.reshape(
      m.reduce(
        'ReduceSum',
        split,
        x.dims.map((_, i) => 2 * i),
      ),
      x.dims,
    );
  },
  null,
];

export const layout: GradientRules = {
  Reshape: relabel,
  Unsqueeze: relabel,
  Squeeze: relabel,
  Flatten: relabel,
  Transpose: ({ m, step, dy }) => [
    () => {
      const perm = permutation({ ...step, outputs: 1 });
      return m.b.transpose(
        dy,
        perm.map((_, i) => perm.indexOf(i)),
      );
    },
  ],
  Expand: ({ dy }) => [() => dy, null],
  Tile: tile,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Trilu: ({ m, step, dy }) => [
    () =>
      defined(m.b.emit('Trilu', [dy, ...step.inputs.slice(1)], { attributes: step.attributes })[0]),
    null,
  ],
};
