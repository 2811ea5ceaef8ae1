/**
 * Converts the linear layers of a model of any precision to NF4 with double quantisation.
 * [methods.md §2]
 */
import { compile } from '../../compiler/index.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { replaced } from '../../compiler/replaced.ts';
import { decodeAbsmax, NF4_BLOCK, quantiseNf4, type Nf4 } from '../../device/nf4.ts';
import type { Graph } from '../../onnx/graph.ts';
import { finiteWeight } from './float-model.ts';

/**
 * `make` quantises a flattened [out, in] weight: on the GPU, or by default on the CPU, with equal
 * bits. Only one product at a time exists as floats. Throws what `compile` throws, and AtlasError
 * `bad-graph` for a weight that is not finite.
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

/** Bytes of the linear layers in memory (codes and float32 absmax), in total and per weight. */
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
