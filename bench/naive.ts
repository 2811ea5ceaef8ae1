/**
 * AdaRank without the compiler, for comparison: one full forward pass of the model for every module
 * and draw. The weight of that module is perturbed as a float input. Runtime, provider, threads,
 * tokens and noise are the same.
 */
import type * as Ort from 'onnxruntime-web';
import { defined, elementAt } from '../src/checked.ts';
import { moduleKeys } from '../src/device/streams.ts';
import { SimdNoise } from '../src/device/simd-noise.ts';
import type { TokenBatch } from '../src/engine/engine.ts';
import { originalInputs } from '../src/engine/check/original.ts';
import type { Graph, Node } from '../src/onnx/graph.ts';
import { writeGraph } from '../src/onnx/write.ts';

/**
 * The export with the weight of product `node` as a float input `w` `[in, out]`, and logits as the
 * only output. Throws if `node` is not a quantised product.
 */
export function withFloatWeight(
  graph: Graph,
  node: string,
): { model: Uint8Array; inFeatures: number; outFeatures: number } {
  const product = graph.nodes.find((n) => n.name === node && n.op === 'MatMulNBits');
  if (!product) throw new Error(`${node} is not a quantised product of this export`);
  const size = (name: string) => (product.attributes.get(name) as { value: number }).value;
  const inFeatures = size('K');
  const outFeatures = size('N');
  const plain: Node = {
    ...product,
    op: 'MatMul',
    domain: '',
    inputs: [elementAt(product.inputs, 0), 'w'],
    attributes: new Map(),
  };
  const dead = new Set(product.inputs.slice(1));
  const initialisers = new Map([...graph.initialisers].filter(([name]) => !dead.has(name)));
  const model = writeGraph({
    ...graph,
    initialisers,
    nodes: graph.nodes.map((n) => (n === product ? plain : n)),
    inputs: [...graph.inputs, { name: 'w', type: 'float32', dims: [inFeatures, outFeatures] }],
    outputs: graph.outputs.filter((o) => o.name === 'logits'),
  });
  return { model, inFeatures, outFeatures };
}

export interface NaiveModule {
  module: number;
  node: string;
  weight: Float32Array;
  std: number;
}

/**
 * Measures a probe: two perturbed forward passes and their disagreement per token. Returns seconds
 * without session creation, and the disagreement.
 */
export async function naiveProbe({
  ort,
  graph,
  target,
  batch,
  headDim,
  seed,
  repeats,
  sessionOptions,
}: {
  ort: typeof Ort;
  graph: Graph;
  target: NaiveModule;
  batch: TokenBatch;
  headDim: number | null;
  seed: number;
  repeats: number;
  sessionOptions: Ort.InferenceSession.SessionOptions;
}) {
  const { model, inFeatures, outFeatures } = withFloatWeight(graph, target.node);
  const session = await ort.InferenceSession.create(model, sessionOptions);
  const generator = new SimdNoise();
  const noise = new Float32Array(inFeatures * outFeatures);
  const perturbed = new Float32Array(noise.length);
  const forward = async (draw: number) => {
    generator.fill(moduleKeys(seed, target.module, draw), noise, target.std);
    // Weight and noise are [out, in]; the product needs [in, out].
    for (let o = 0, i = 0; o < outFeatures; o++) {
      for (let k = 0; k < inFeatures; k++, i++)
        perturbed[k * outFeatures + o] = target.weight[i]! + noise[i]!;
    }
    const w = new ort.Tensor('float32', perturbed, [inFeatures, outFeatures]);
    const { logits } = await session.run(
      originalInputs({ ort, session, batch, headDim, given: { w } }),
      ['logits'],
    );
    const values = (await defined(logits).getData()) as Float32Array;
    defined(logits).dispose();
    return values;
  };
  await forward(0);
  const seconds: number[] = [];
  const values: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    const a = await forward(2 * repeat);
    const b = await forward(2 * repeat + 1);
    let distance = 0;
    for (let i = 0; i < a.length; i++) distance += Math.abs(a[i]! - b[i]!);
    seconds.push((performance.now() - start) / 1000);
    values.push(distance / batch.ids.length);
  }
  await session.release();
  return { seconds, values };
}
