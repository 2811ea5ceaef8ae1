/** What a compression leaves behind as files: the factors of the cut modules, and the export with their weights put in. */
import type { CompiledModel } from '../compiler/compiled.ts';
import { withWeights } from '../engine/replaced-model.ts';
import { cut } from '../methods/compress/candidates.ts';
import { rowBlocks } from '../methods/compress/row-blocks.ts';
import { blockSvd } from '../methods/compress/svd.ts';
import type { FloatTensor } from '../model/safetensors.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { dequantise } from '../model/weights.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeGraph } from '../onnx/write.ts';
import type { CompressResult } from './compress-state.ts';

export interface CompressedFile { name: string; bytes: Uint8Array<ArrayBuffer> }

/**
 * `factors.safetensors`: of row block b of a module `<path>.<b>.up` [rows, k] and `<path>.<b>.down` [k, in], float32, whose product is
 * that block's weight; rows of k-means blocks are listed in the metadata. `model.onnx`: the export with the cut weights as float32,
 * everything else as it was. `steps`: only so many of the accepted ones, in their order.
 */
export async function compressedFiles({ graph, compiled }: { graph: Graph; compiled: CompiledModel }, { trials, accepted, spec }: Pick<CompressResult, 'trials' | 'accepted' | 'spec'>, steps = accepted.length): Promise<CompressedFile[]> {
  const weights = new Map<number, Float32Array>(), factors = new Map<string, FloatTensor>(), metadata: Record<string, string> = { format: 'pt' };
  for (const { module, path, blocks, keep } of accepted.slice(0, steps).map((i) => trials[i]!)) {
    const info = compiled.modules[module]!, w = dequantise(compiled.weightOf(module)), { inFeatures, outFeatures } = info;
    const split = rowBlocks(info, blocks, spec.compress.split, w, spec.seed), parts = split.map((rows) => blockSvd(w, inFeatures, rows, path));
    weights.set(module, cut(w, { module, outFeatures, inFeatures, blocks: parts }, keep));
    parts.forEach(({ rows, sigma, u, v }, b) => {
      const k = keep[b]!, up = new Float32Array(rows.length * k);
      for (let r = 0; r < rows.length; r++) for (let i = 0; i < k; i++) up[r * k + i] = sigma[i]! * u[i * rows.length + r]!;
      factors.set(`${path}.${b}.up`, { shape: [rows.length, k], data: up });
      factors.set(`${path}.${b}.down`, { shape: [k, inFeatures], data: v.slice(0, k * inFeatures) });
      if (spec.compress.split === 'kmeans' && blocks > 1) metadata[`${path}.${b}.rows`] = JSON.stringify([...rows]);
    });
  }
  const model = writeGraph(await withWeights(graph, (module) => weights.get(module) ?? null, 'float32'));
  return [{ name: 'factors.safetensors', bytes: writeSafetensors(factors, metadata) }, { name: 'model.onnx', bytes: model as Uint8Array<ArrayBuffer> }];
}
