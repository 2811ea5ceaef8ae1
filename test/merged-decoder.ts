/**
 * The tiny decoder with adapters merged into its weights, `W + s·B·A`: the reference for applied
 * adapters.
 */
import { defined, elementAt } from '../src/checked.ts';
import type { AdapterPlace } from '../src/compiler/modules.ts';
import type { AdapterValues } from '../src/engine/engine.ts';
import type { Graph } from '../src/onnx/graph.ts';
import { tinyDecoderGraph, untiedDecoderGraph } from './tiny-decoder.ts';

/**
 * The head as a separate weight [hidden, vocab]. A tied head is copied from the embedding, which
 * stays unchanged.
 */
const withOwnHead = (graph: Graph): Graph =>
  graph.initialisers.has('onnx::MatMul_lm_head')
    ? graph
    : untiedDecoderGraph(graph, (table) => table);

/** `graph` stores W as [in, out]. */
export function merged(
  values: readonly AdapterValues[],
  places: readonly AdapterPlace[],
  scale: (module: number) => number,
  graph = tinyDecoderGraph(),
): Graph {
  const into = values.some((v) => elementAt(places, v.module).path === 'lm_head')
    ? withOwnHead(graph)
    : graph;
  const initialisers = new Map(into.initialisers);
  for (const { module, rank, loraA, loraB } of values) {
    const { path, inFeatures, outFeatures } = elementAt(places, module);
    const name = `onnx::MatMul_${path}`;
    const old = defined(initialisers.get(name));
    const w = new Float32Array(new Uint8Array(old.bytes).buffer);
    for (let i = 0; i < inFeatures; i++) {
      for (let o = 0; o < outFeatures; o++) {
        let sum = 0;
        for (let r = 0; r < rank; r++) sum += loraB[o * rank + r]! * loraA[r * inFeatures + i]!;
        w[i * outFeatures + o]! += scale(module) * sum;
      }
    }
    initialisers.set(name, { ...old, bytes: new Uint8Array(w.buffer) });
  }
  return { ...into, initialisers };
}
