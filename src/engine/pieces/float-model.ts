/**
 * Converts the linear layers of a model of any precision to float32, so that their weights can be
 * replaced (`WeightEngine`).
 */
import { elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import type { CompiledModel, ModuleWeight } from '../../compiler/compiled.ts';
import { replaced } from '../../compiler/replaced.ts';
import { AtlasError } from '../../errors.ts';
import { dequantise } from '../../model/weights.ts';
import { shown, type Graph } from '../../onnx/graph.ts';

/** Larger than any weight, and within the range of NF4 arithmetic. */
const LARGEST = 1e37;

/**
 * Compiles the graph with float32 linear layers: 4 bytes per weight, about seven times the size of
 * a 4-bit model. Throws what `compile` throws, and AtlasError `bad-graph` for a weight that is not
 * finite.
 */
export async function floatModel(graph: Graph): Promise<CompiledModel> {
  return compile(
    await replaced(graph, async ({ weight }) => ({
      kind: 'float32',
      values: finiteWeight(graph, weight),
    })),
  );
}

/**
 * The dequantised weight. Throws AtlasError `bad-graph` if a value is not finite or is at least
 * 1e37.
 */
export function finiteWeight(graph: Graph, weight: ModuleWeight): Float32Array {
  const floats = dequantise(weight);
  if (!floats.every((w) => Math.abs(w) < LARGEST)) {
    throw new AtlasError('bad-graph', {
      file: graph.file,
      why: `weight ${shown(elementAt(weight.tensors, 0).name)} has values that are not finite`,
    });
  }
  return floats;
}
