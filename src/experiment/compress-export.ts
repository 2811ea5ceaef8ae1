/** What a compression leaves behind as files: the factors of the cut modules, and the export with their weights put in. */
import type { FloatTensor } from '../model/safetensors.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { withWeights } from '../engine/replaced-model.ts';
import { writeGraph } from '../onnx/write.ts';
import type { CompressResult } from './compress-state.ts';
import { cutModules, type CompressedParts, type ModelGraph } from './made-base.ts';

export interface CompressedFile { name: string; bytes: Uint8Array<ArrayBuffer> }

/** What a compression's first so many accepted steps cut. */
export const partsOf = ({ trials, accepted, spec }: Pick<CompressResult, 'trials' | 'accepted' | 'spec'>, steps = accepted.length): CompressedParts =>
  ({ cuts: accepted.slice(0, steps).map((i) => trials[i]!), split: spec.compress.split, seed: spec.seed });

/**
 * `factors.safetensors`: of row block b of a module `<path>.<b>.up` [rows, k] and `<path>.<b>.down` [k, in], float32, whose product is
 * that block's weight; rows of k-means blocks are listed in the metadata. `onnx/model.onnx`: the export with the cut weights as float32,
 * everything else as it was. `steps`: only so many of the accepted ones, in their order.
 */
export async function compressedFiles(model: ModelGraph, result: Pick<CompressResult, 'trials' | 'accepted' | 'spec'>, steps?: number): Promise<CompressedFile[]> {
  const parts = partsOf(result, steps), weights = new Map<number, Float32Array>(), factors = new Map<string, FloatTensor>(), metadata: Record<string, string> = { format: 'pt' };
  for (const { module, path, blocks, keep, weight } of cutModules(model.compiled, parts)) {
    weights.set(module, weight);
    const { inFeatures } = model.compiled.modules[module]!;
    blocks.forEach(({ rows, sigma, u, v }, b) => {
      const k = keep[b]!, up = new Float32Array(rows.length * k);
      for (let r = 0; r < rows.length; r++) for (let i = 0; i < k; i++) up[r * k + i] = sigma[i]! * u[i * rows.length + r]!;
      factors.set(`${path}.${b}.up`, { shape: [rows.length, k], data: up });
      factors.set(`${path}.${b}.down`, { shape: [k, inFeatures], data: v.slice(0, k * inFeatures) });
      if (parts.split === 'kmeans' && blocks.length > 1) metadata[`${path}.${b}.rows`] = JSON.stringify([...rows]);
    });
  }
  const exported = writeGraph(await withWeights(model.graph, (module) => weights.get(module) ?? null, 'float32'));
  return [{ name: 'factors.safetensors', bytes: writeSafetensors(factors, metadata) }, { name: 'onnx/model.onnx', bytes: exported as Uint8Array<ArrayBuffer> }];
}
