/**
 * The plain data of a base, from which its weights follow given the original model. Pruned: masks
 * and adapters. Compressed: the accepted removals.
 */
import { elementAt } from '../checked.ts';
import type { CompiledModel } from '../compiler/compiled.ts';
import { maskedSum } from '../device/sparse-twins.ts';
import { loraDelta } from '../device/twins.ts';
import type { AdapterValues } from '../engine/engine.ts';
import { withWeights } from '../engine/pieces/replaced-model.ts';
import { cut } from '../methods/compress/candidates.ts';
import { rowBlocks, type Split } from '../methods/compress/row-blocks.ts';
import { blockSvd, type BlockSvd } from '../methods/compress/svd.ts';
import { dequantise } from '../model/weights.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Removal } from './compress/state.ts';

export interface PrunedParts {
  /**
   * By module, over [out, in] row-major: one bit per weight, least significant bit of a word first,
   * 1 = retained.
   */
  masks: Uint32Array[];
  /** Each truncated to its rank. */
  adapters: AdapterValues[];
  scale: number;
}

export interface CompressedParts {
  /** At most one per module, in the order of acceptance. */
  cuts: Removal[];
  /** How the rows were divided into row blocks. */
  split: Split;
  seed: number;
}

export type DerivedBase =
  ({ kind: 'pruned' } & PrunedParts) | ({ kind: 'compressed' } & CompressedParts);

/** A graph and its compiled form. */
export interface ModelGraph {
  graph: Graph;
  compiled: CompiledModel;
}

/** M ⊙ (W + s B A), [out, in]: every pruned weight is exactly zero. */
export function prunedWeight(
  compiled: CompiledModel,
  { masks, adapters, scale }: PrunedParts,
  module: number,
): Float32Array {
  const own = dequantise(compiled.weightOf(module));
  const { inFeatures, outFeatures } = elementAt(compiled.modules, module);
  const adapter = adapters.find((a) => a.module === module);
  const delta = adapter
    ? loraDelta({
        a: adapter.loraA,
        b: adapter.loraB,
        base: null,
        mask: null,
        outputs: outFeatures,
        inputs: inFeatures,
        rank: adapter.rank,
        scale: 1,
      })
    : new Float32Array(own.length);
  maskedSum({ weight: own, mask: elementAt(masks, module), delta, scale, into: own });
  return own;
}

/**
 * A module with removed components. Each row block of its decomposition retains the first `keep`
 * components. `own` is the original weight, `weight` the result, both [out, in].
 */
export interface CutModule {
  module: number;
  path: string;
  blocks: BlockSvd[];
  keep: readonly number[];
  own: Float32Array;
  weight: Float32Array;
}

export function cutModules(
  compiled: CompiledModel,
  { cuts, split, seed }: CompressedParts,
): CutModule[] {
  return cuts.map(({ module, path, blocks: count, keep }) => {
    const info = elementAt(compiled.modules, module);
    const w = dequantise(compiled.weightOf(module));
    const { inFeatures, outFeatures } = info;
    const blocks = rowBlocks(info, w, { blocks: count, split, seed }).map((rows) =>
      blockSvd(w, inFeatures, rows, path),
    );
    return {
      module,
      path,
      blocks,
      keep,
      own: w,
      weight: cut(w, { module, outFeatures, inFeatures, blocks }, keep),
    };
  });
}

/** The export with the base's weights: changed weights as float32, everything else unmodified. */
export async function derivedGraph(
  { graph, compiled }: ModelGraph,
  derived: DerivedBase,
): Promise<Graph> {
  if (derived.kind === 'pruned')
    return withWeights(graph, (module) => prunedWeight(compiled, derived, module), 'float32');
  const weights = new Map(cutModules(compiled, derived).map((c) => [c.module, c.weight]));
  return withWeights(graph, (module) => weights.get(module) ?? null, 'float32');
}
