/** Graphs for tests and benchmarks. */
import { int, model, node, value } from './graphs.ts';

/** `x` [tokens, in], `n` [out, in] → `y` = x nᵀ. */
export function gemm(): Uint8Array {
  return model(
    [node({ op: 'Gemm', inputs: ['x', 'n'], output: 'y', attributes: { transB: int(1) } })],
    [value('x', 'float32', ['tokens', 'in']), value('n', 'float32', ['out', 'in'])],
    [value('y', 'float32', ['tokens', 'out'])],
  );
}
