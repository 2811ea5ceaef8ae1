/**
 * The naive measurement, for tests: a whole run of the original export with one weight replaced by
 * W + N in float32.
 */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { dequantise } from '../../model/weights.ts';
import type { Graph, Node, Tensor } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';
import type { NoiseDraw, Probe, TokenBatch } from '../engine.ts';
import type { Ort } from '../backends/ort.ts';
import { originalLogits } from '../check/original.ts';

/** The graph with the module's weight (and bias) perturbed and without rounding of activations. */
function perturbed(
  graph: Graph,
  model: CompiledModel,
  { module, noise: { seed, draw, std }, bias }: { module: number; noise: NoiseDraw; bias: boolean },
): Graph {
  const weight = model.weightOf(module);
  const { rows, rowOffset, inFeatures, outFeatures } = weight;
  const stored = elementAt(weight.tensors, 0).name;
  const w = dequantise({ ...weight, rowOffset: 0, outFeatures: rows });
  const keys = streamKeys(seed, module, draw);
  fillNormal(keys, new Float32Array(outFeatures * inFeatures), 0, std).forEach((n, i) => {
    w[rowOffset * inFeatures + i]! += n;
  });
  const initialisers = new Map(graph.initialisers);
  const float = weight.format.kind === 'float32';
  // Quantised products become plain products with a weight [in, rows].
  const name = float ? stored : `${stored}.perturbed`;
  const transposed = float ? weight.transposed : true;
  const data = !transposed
    ? w
    : Float32Array.from(w, (_, i) => w[(i % rows) * inFeatures + Math.floor(i / rows)]!);
  if (!float) for (const { name: unused } of weight.tensors) initialisers.delete(unused);
  initialisers.set(
    name,
    tensor(name, float ? defined(graph.initialisers.get(stored)).dims : [inFeatures, rows], data),
  );
  if (bias && weight.bias) {
    const old = defined(initialisers.get(weight.bias.name));
    const values = new Float32Array(new Uint8Array(old.bytes).buffer);
    fillNormal(keys, new Float32Array(outFeatures), outFeatures * inFeatures, std).forEach(
      (n, i) => {
        values[rowOffset + i]! += n;
      },
    );
    initialisers.set(old.name, tensor(old.name, old.dims, values));
  }
  const nodes = graph.nodes.map((node): Node => {
    if (!float && node.inputs[1] === stored)
      return {
        ...node,
        op: 'MatMul',
        domain: '',
        inputs: [elementAt(node.inputs, 0), name],
        attributes: new Map(),
      };
    return {
      ...node,
      attributes: new Map([...node.attributes].filter(([key]) => key !== 'accuracy_level')),
    };
  });
  return { ...graph, nodes, initialisers };
}

const tensor = (name: string, dims: readonly number[], data: Float32Array): Tensor => ({
  name,
  type: 'float32',
  dims,
  bytes: new Uint8Array(data.buffer),
});

/**
 * The probe's value by whole forward passes: the mean over positions of Σ_v |logits₁ − logits₂|.
 */
export async function naiveDisagreement({
  ort,
  graph,
  model,
  probe,
  batch,
}: {
  ort: Ort;
  graph: Graph;
  model: CompiledModel;
  probe: Probe;
  batch: TokenBatch;
}): Promise<number> {
  const run = (noise: NoiseDraw) =>
    originalLogits(
      ort,
      {
        graph: writeGraph(
          perturbed(graph, model, { module: probe.module, noise, bias: probe.bias === true }),
        ),
        external: new Map(),
        headDim: model.headDim,
      },
      batch,
    );
  const a = await run(probe.a);
  const b = await run(probe.b ?? { ...probe.a, std: 0 });
  let sum = 0;
  a.forEach((v, i) => {
    sum += Math.abs(v - b[i]!);
  });
  return sum / batch.ids.length;
}
