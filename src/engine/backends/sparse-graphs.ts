/**
 * Masked adapters on the CPU: products as graphs, to use the runtime's threads. A loop applies the
 * mask between them.
 */
import { int, model, node, value } from './graphs.ts';

const pair = () => [value('a', 'float32', ['rank', 'in']), value('b', 'float32', ['rank', 'out'])];

/** A [rank, in] and Bᵀ [rank, out] → `delta` = B A [out, in]. */
export const lowRankProduct = (): Uint8Array =>
  model(
    [node({ op: 'Gemm', inputs: ['b', 'a'], output: 'delta', attributes: { transA: int(1) } })],
    pair(),
    [value('delta', 'float32', ['out', 'in'])],
  );

/** `x` [tokens, in] and `dy` [tokens, out] → `g` = dyᵀ x [out, in]. */
export const weightGradients = (): Uint8Array =>
  model(
    [node({ op: 'Gemm', inputs: ['dy', 'x'], output: 'g', attributes: { transA: int(1) } })],
    [value('x', 'float32', ['tokens', 'in']), value('dy', 'float32', ['tokens', 'out'])],
    [value('g', 'float32', ['out', 'in'])],
  );

/** `g` [out, in] → `da` = Bᵀ g [rank, in] and `db` = A gᵀ [rank, out]. */
export const maskedProjections = (): Uint8Array =>
  model(
    [
      node({ op: 'Gemm', inputs: ['b', 'g'], output: 'da' }),
      node({ op: 'Gemm', inputs: ['a', 'g'], output: 'db', attributes: { transB: int(1) } }),
    ],
    [value('g', 'float32', ['out', 'in']), ...pair()],
    [value('da', 'float32', ['rank', 'in']), value('db', 'float32', ['rank', 'out'])],
  );
