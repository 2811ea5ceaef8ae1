/**
 * A model with its linear layers in NF4 with double quantisation, from whatever precision it came
 * in. [methods.md §2]
 */
import { compile } from '../../compiler/index.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { replaced } from '../../compiler/replaced.ts';
import { decodeAbsmax, NF4_BLOCK, quantiseNf4, type Nf4 } from '../../device/nf4.ts';
import type { Graph } from '../../onnx/graph.ts';
import { finiteWeight } from './float-model.ts';

/**
 * `make` quantises [out, in] flattened: the GPU's kernel, or by default its CPU twin, which is
 * equal bit for bit. One product at a time exists as floats. Throws what `compile` throws, and
 * `bad-graph` for a weight that is no finite number.
 */
export async function nf4Model(
  graph: Graph,
  make: (weights: Float32Array) => Promise<Nf4> = async (w) => quantiseNf4(w),
): Promise<CompiledModel> {
  return compile(
    await replaced(graph, async ({ weight }) => {
      const { packed, second } = await make(finiteWeight(graph, weight));
      return { kind: 'nf4', packed, absmax: decodeAbsmax(second), block: NF4_BLOCK };
    }),
  );
}

/**
 * Bytes of the linear layers as they stay in memory (codes and float32 absmax), and the same per
 * weight.
 */
export function storedSize({ modules }: Pick<CompiledModel, 'modules'>): {
  bytes: number;
  perWeight: number;
} {
  const bytes = modules.reduce((sum, m) => sum + m.bytes, 0);
  return {
    bytes,
    perWeight: bytes / modules.reduce((sum, m) => sum + m.inFeatures * m.outFeatures, 0),
  };
}
