/**
 * Which graphs can be rewritten for a few tokens, and which are rejected because tokens interact.
 */
import { describe, expect, it } from 'vitest';
import type { Attribute } from '../onnx/graph.ts';
import { Builder, constantValue } from './builder.ts';
import { RowForm } from './rows.ts';
import type { Value } from './value.ts';

const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (...value: number[]): Attribute => ({ type: 'ints', value });
const span = { rows: 2, capacity: 6 };

function form() {
  const b = new Builder('test', 1, 6);
  const x = b.leaf({ type: 'float32', dims: [1, 6, 4] }, false);
  const start = b.leaf({ type: 'float32', dims: [1, 2, 4] }, false);
  return { b, x, rows: new RowForm(b, span, [[x, start]]) };
}

const table = (...dims: number[]) => {
  const data = Float32Array.from({ length: dims.reduce((a, d) => a * d, 1) }, (_, i) => i);
  return constantValue({ type: 'float32', dims, stored: dims, data });
};

describe('rows of a value', () => {
  it('follow the axis of the tokens through reshapes and transpositions', () => {
    const { b, x, rows } = form();
    const heads = b.transpose(b.reshape(x, [1, 6, 2, 2]), [0, 2, 1, 3]);
    const flat = b.reshape(heads, [2, 6, 2]);
    expect(rows.of(heads).dims).toEqual([1, 2, 2, 2]);
    expect(
      rows.of(b.reshape(b.transpose(b.reshape(flat, [1, 2, 6, 2]), [0, 2, 1, 3]), [6, 4])).dims,
    ).toEqual([2, 4]);
    expect(rows.needsHere).toBe(false);
  });

  it('pick the rows of tables along the tokens, and leave other constants', () => {
    const { b, x, rows } = form();
    expect(rows.of(b.one('Add', [x, table(4)])).dims).toEqual([1, 2, 4]);
    expect(rows.needsHere).toBe(false);
    expect(rows.of(b.one('Add', [x, table(6, 4)])).dims).toEqual([1, 2, 4]);
    expect(rows.needsHere).toBe(true);
  });

  it('attend to earlier rows through one cache for each product', () => {
    const { b, x, rows } = form();
    const scores = b.one('MatMul', [x, b.transpose(x, [0, 2, 1])]);
    const mixed = b.one('MatMul', [
      b.one('Softmax', [b.one('Add', [scores, table(6, 6)])], { axis: int(-1) }),
      b.one('Tanh', [x]),
    ]);
    expect(rows.of(scores).dims).toEqual([1, 2, 6]);
    expect(rows.of(mixed).dims).toEqual([1, 2, 4]);
    expect(rows.caches.map((c) => [c.width, c.rows.dims, c.cache.dims])).toEqual([
      [4, [2, 4], [6, 4]],
      [4, [2, 4], [6, 4]],
    ]);
  });

  it.each<[string, (b: Builder, x: Value) => Value]>([
    ['a softmax over the tokens', (b, x) => b.one('Softmax', [x], { axis: int(1) })],
    [
      'a norm over the tokens',
      (b, x) => b.one('LayerNormalization', [x, table(6, 4)], { axis: int(1) }),
    ],
    ['a mean over the tokens', (b, x) => b.one('ReduceMean', [x], { axes: ints(1) })],
    ['a running sum', (b, x) => b.one('CumSum', [x, b.integers([1])])],
    [
      'the tokens in another order',
      (b, x) => b.one('Gather', [x, b.integers([5, 4, 3, 2, 1, 0])], { axis: int(1) }),
    ],
    [
      'the tokens before',
      (b, x) => b.one('Slice', [x, b.integers([0]), b.integers([5]), b.integers([1])]),
    ],
    ['keys times queries', (b, x) => b.one('MatMul', [b.transpose(x, [0, 2, 1]), x])],
    ['tokens and features in one axis', (b, x) => b.reshape(x, [1, 24])],
  ])('are refused for %s', (_, make) => {
    const { b, x, rows } = form();
    expect(() => rows.of(make(b, x))).toThrow(expect.objectContaining({ code: 'operator' }));
  });
});
