/**
 * A model with its linear layers as float32, from whatever precision it came in: what weights can
 * be put into, see `WeightEngine`.
 */
import { elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import type { CompiledModel, ModuleWeight } from '../../compiler/compiled.ts';
import { replaced } from '../../compiler/replaced.ts';
import { AtlasError } from '../../errors.ts';
import { dequantise } from '../../model/weights.ts';
import { shown, type Graph } from '../../onnx/graph.ts';

/** Beyond any weight, and within what NF4's arithmetic can hold. */
const LARGEST = 1e37;

/**
 * 4 bytes a weight; a model stored in 4 bits takes about seven times its room. Throws what
 * `compile` throws, and `bad-graph` for a weight that is no finite number.
 */
export async function floatModel(graph: Graph): Promise<CompiledModel> {
  return compile(
    await replaced(graph, async ({ weight }) => ({
      kind: 'float32',
      values: finiteWeight(graph, weight),
    })),
  );
}

/** The dequantised weight. Throws `bad-graph` where a value is no finite number. */
export function finiteWeight(graph: Graph, weight: ModuleWeight): Float32Array {
  const floats = dequantise(weight);
  if (!floats.every((w) => Math.abs(w) < LARGEST)) {
    throw new AtlasError('bad-graph', {
      file: graph.file,
      why: `weight ${shown(elementAt(weight.tensors, 0).name)} has values that are no finite numbers`,
    });
  }
  return floats;
}
