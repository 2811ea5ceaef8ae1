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
 * `x` [tokens, in], `dy` [tokens, out], `u` [count, out], `v` [count, in] and `shape` = (sequences, length, count) → `g`
 * [sequences, count] = Σ over a sequence's tokens of (dy uᵀ) ∘ (x vᵀ).
 */
export function singularGradient(): Uint8Array {
  const nodes = [
    node('Gemm', ['dy', 'u'], 'outputs', { transB: int(1) }),
    node('Gemm', ['x', 'v'], 'inputs', { transB: int(1) }),
    node('Mul', ['outputs', 'inputs'], 'products'),
    node('Reshape', ['products', 'shape'], 'shaped'),
    node('ReduceSum', ['shaped', 'axis'], 'g', { keepdims: int(0) }),
  ];
  const axis = { name: 'axis', type: 'int64' as const, dims: [1], bytes: new Uint8Array(BigInt64Array.of(1n).buffer) };
  return model(nodes, [
    value('x', 'float32', ['tokens', 'in']), value('dy', 'float32', ['tokens', 'out']), value('u', 'float32', ['count', 'out']), value('v', 'float32', ['count', 'in']), value('shape', 'int64', [3]),
  ], [value('g', 'float32', ['sequences', 'count'])], { initialisers: new Map([['axis', axis]]) });
}
