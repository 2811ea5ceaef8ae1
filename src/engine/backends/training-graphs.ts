/**
 * Training operations on the CPU as graphs, so that products run on the runtime's threads. One
 * session per graph serves every size.
 */
import { int, model, node, value } from './graphs.ts';

/**
 * `x` [tokens, in], `dy` [tokens, out], `a` [rank, in], `b` [rank, out] → `da` = (dy bᵀ)ᵀ x
 * [rank, in] and `db` = (x aᵀ)ᵀ dy [rank, out].
 */
export function adapterGradient(): Uint8Array {
  const nodes = [
    node({ op: 'Gemm', inputs: ['x', 'a'], output: 'u', attributes: { transB: int(1) } }),
    node({ op: 'Gemm', inputs: ['dy', 'b'], output: 'v', attributes: { transB: int(1) } }),
    node({ op: 'Gemm', inputs: ['v', 'x'], output: 'da', attributes: { transA: int(1) } }),
    node({ op: 'Gemm', inputs: ['u', 'dy'], output: 'db', attributes: { transA: int(1) } }),
  ];
  return model(
    nodes,
    [
      value('x', 'float32', ['tokens', 'in']),
      value('dy', 'float32', ['tokens', 'out']),
      value('a', 'float32', ['rank', 'in']),
      value('b', 'float32', ['rank', 'out']),
    ],
    [value('da', 'float32', ['rank', 'in']), value('db', 'float32', ['rank', 'out'])],
  );
}

/** `x` [sequences, length, in] → `gram` = x xᵀ [sequences, length, length]. */
export function gramMatrices(): Uint8Array {
  return model(
    [
      node({
        op: 'FusedMatMul',
        inputs: ['x', 'x'],
        output: 'gram',
        attributes: { transB: int(1) },
        domain: 'com.microsoft',
      }),
    ],
    [value('x', 'float32', ['sequences', 'length', 'in'])],
    [value('gram', 'float32', ['sequences', 'length', 'length'])],
  );
}

const threeDims = (name: string, dims: [string, string, string]) => value(name, 'float32', dims);
/** Moves blocks to the first dimension, so that each has its own product. */
const turned = (from: string, to: string) =>
  node({
    op: 'Transpose',
    inputs: [from],
    output: to,
    attributes: { perm: { type: 'ints', value: [1, 0, 2] } },
  });
const byRows = (x: string, rows: string, to: string) =>
  node({
    op: 'FusedMatMul',
    inputs: [x, rows],
    output: to,
    attributes: { transB: int(1) },
    domain: 'com.microsoft',
  });

/**
 * `one` ∘ `other` [blocks, tokens, count], summed over each sequence's tokens. `shape` = (blocks,
 * sequences, length, count).
 */
function summed(
  nodes: Parameters<typeof model>[0],
  inputs: Parameters<typeof model>[1],
): Uint8Array {
  const axis = {
    name: 'axis',
    type: 'int64' as const,
    dims: [1],
    bytes: new Uint8Array(BigInt64Array.of(2n).buffer),
  };
  return model(
    [
      ...nodes,
      node({ op: 'Mul', inputs: ['one', 'other'], output: 'products' }),
      node({ op: 'Reshape', inputs: ['products', 'shape'], output: 'shaped' }),
      node({
        op: 'ReduceSum',
        inputs: ['shaped', 'axis'],
        output: 'g',
        attributes: { keepdims: int(0) },
      }),
    ],
    [...inputs, value('shape', 'int64', [4])],
    [value('g', 'float32', ['blocks', 'sequences', 'count'])],
    { initialisers: new Map([['axis', axis]]) },
  );
}

/**
 * `dy` and `y` [tokens, blocks, rows], `u` [blocks, count, rows] → `g` [blocks, sequences, count].
 * See `twins.outputDirections`.
 */
export const outputDirections = (): Uint8Array =>
  summed(
    [
      turned('dy', 'gradients'),
      turned('y', 'outputs'),
      byRows('gradients', 'u', 'one'),
      byRows('outputs', 'u', 'other'),
    ],
    [
      threeDims('dy', ['tokens', 'blocks', 'rows']),
      threeDims('y', ['tokens', 'blocks', 'rows']),
      threeDims('u', ['blocks', 'count', 'rows']),
    ],
  );

/**
 * `x` [tokens, in], `dy` [tokens, blocks, rows], `w` [blocks, rows, in], `v` [blocks, count, in] →
 * `g` [blocks, sequences, count]. See `twins.inputDirections`.
 */
export const inputDirections = (): Uint8Array =>
  summed(
    [
      turned('dy', 'gradients'),
      node({ op: 'MatMul', inputs: ['gradients', 'w'], output: 'z' }),
      byRows('x', 'v', 'one'),
      byRows('z', 'v', 'other'),
    ],
    [
      value('x', 'float32', ['tokens', 'in']),
      threeDims('dy', ['tokens', 'blocks', 'rows']),
      threeDims('w', ['blocks', 'rows', 'in']),
      threeDims('v', ['blocks', 'count', 'in']),
    ],
  );
