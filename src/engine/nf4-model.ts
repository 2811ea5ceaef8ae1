/** A model with its linear layers in NF4 with double quantisation, from whatever precision it came in. [methods.md §2] */
import { compile } from '../compiler/index.ts';
import type { CompiledModel, ModuleWeight } from '../compiler/compiled.ts';
import { requantised } from '../compiler/requantise.ts';
import { decodeAbsmax, NF4_BLOCK, quantiseNf4, type Nf4 } from '../device/nf4.ts';
import { AtlasError } from '../errors.ts';
import { dequantise } from '../model/weights.ts';
import type { Graph } from '../onnx/graph.ts';

/** Beyond any weight, and within what NF4's arithmetic can hold. */
const LARGEST = 1e37;

/**
 * `make` quantises [out, in] flattened: the GPU's kernel, or by default its CPU twin, which is equal bit for bit. One product
 * at a time exists as floats. Throws what `compile` throws, and `bad-graph` for a weight that is no finite number.
 */
export async function nf4Model(graph: Graph, make: (weights: Float32Array) => Promise<Nf4> = async (w) => quantiseNf4(w)): Promise<CompiledModel> {
  return compile(await requantised(graph, async (weight: ModuleWeight) => {
    const floats = dequantise(weight);
    if (!floats.every((w) => Math.abs(w) < LARGEST)) {
      throw new AtlasError('bad-graph', { file: graph.file, why: `weight ${weight.tensors[0]!.name.slice(0, 80)} has values that are no finite numbers` });
    }
    const { packed, second } = await make(floats);
    return { packed, absmax: decodeAbsmax(second), block: NF4_BLOCK };
  }));
}

/** Bytes of the linear layers as they stay in memory (codes and float32 absmax), and the same per weight. */
export function storedSize({ modules }: Pick<CompiledModel, 'modules'>): { bytes: number; perWeight: number } {
  const bytes = modules.reduce((sum, m) => sum + m.bytes, 0);
  return { bytes, perWeight: bytes / modules.reduce((sum, m) => sum + m.inFeatures * m.outFeatures, 0) };
}
