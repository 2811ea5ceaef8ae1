/** Training on the CPU, as graphs: products are worth the runtime's threads. One session of each serves every size. */
import { int, model, node, value } from './graphs.ts';

/**
 * `x` [tokens, in], `dy` [tokens, out], `a` [rank, in], `b` [rank, out] → `da` = (dy bᵀ)ᵀ x [rank, in] and `db` = (x aᵀ)ᵀ dy
 * [rank, out].
 */
export function adapterGradient(): Uint8Array {
  const nodes = [
    node('Gemm', ['x', 'a'], 'u', { transB: int(1) }),
    node('Gemm', ['dy', 'b'], 'v', { transB: int(1) }),
    node('Gemm', ['v', 'x'], 'da', { transA: int(1) }),
    node('Gemm', ['u', 'dy'], 'db', { transA: int(1) }),
  ];
  return model(nodes,
    [value('x', 'float32', ['tokens', 'in']), value('dy', 'float32', ['tokens', 'out']), value('a', 'float32', ['rank', 'in']), value('b', 'float32', ['rank', 'out'])],
    [value('da', 'float32', ['rank', 'in']), value('db', 'float32', ['rank', 'out'])]);
}

/** `x` [sequences, length, in] → `gram` = x xᵀ [sequences, length, length]. */
export function gramMatrices(): Uint8Array {
  return model([node('FusedMatMul', ['x', 'x'], 'gram', { transB: int(1) }, 'com.microsoft')],
    [value('x', 'float32', ['sequences', 'length', 'in'])], [value('gram', 'float32', ['sequences', 'length', 'length'])]);
}

/**
 * `x` [tokens, in], `dy` [tokens, blocks, rows], `u` [blocks, count, rows], `v` [blocks, count, in] and `shape` = (blocks, sequences,
 * length, count) → `g` [blocks, sequences, count] = Σ over a sequence's tokens of (dy uᵀ) ∘ (x vᵀ), block by block.
 */
export function singularGradient(): Uint8Array {
  const nodes = [
    node('Transpose', ['dy'], 'turned', { perm: { type: 'ints', value: [1, 0, 2] } }),
    node('FusedMatMul', ['turned', 'u'], 'outputs', { transB: int(1) }, 'com.microsoft'),
    node('FusedMatMul', ['x', 'v'], 'inputs', { transB: int(1) }, 'com.microsoft'),
    node('Mul', ['outputs', 'inputs'], 'products'),
    node('Reshape', ['products', 'shape'], 'shaped'),
    node('ReduceSum', ['shaped', 'axis'], 'g', { keepdims: int(0) }),
  ];
  const axis = { name: 'axis', type: 'int64' as const, dims: [1], bytes: new Uint8Array(BigInt64Array.of(2n).buffer) };
  return model(nodes, [
    value('x', 'float32', ['tokens', 'in']), value('dy', 'float32', ['tokens', 'blocks', 'rows']), value('u', 'float32', ['blocks', 'count', 'rows']), value('v', 'float32', ['blocks', 'count', 'in']), value('shape', 'int64', [4]),
  ], [value('g', 'float32', ['blocks', 'sequences', 'count'])], { initialisers: new Map([['axis', axis]]) });
}
