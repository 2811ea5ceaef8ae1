/**
 * The files of a compressed model: the factors of the changed modules, and the export with their
 * weights.
 */
import { defined, elementAt } from '../../checked.ts';
import type { FloatTensor } from '../../model/safetensors.ts';
import { writeSafetensors } from '../../model/safetensors.ts';
import { withWeights } from '../../engine/pieces/replaced-model.ts';
import { factorsOf } from '../../methods/compress/svd.ts';
import { writeModel, type ModelPart } from '../../onnx/write-model.ts';
import type { StudyExport } from '../contract.ts';
import type { CompressResult, CompressState } from './state.ts';
import { cutModules, type CompressedParts, type ModelGraph } from '../derived-base.ts';

/** The names of the files. */
export type CompressedFileName = 'factors.safetensors' | 'onnx/model.onnx';

/** The removals of the first `steps` accepted steps. */
export const partsOf = (
  { trials, accepted, spec }: Pick<CompressResult, 'trials' | 'accepted' | 'spec'>,
  steps = accepted.length,
): CompressedParts => ({
  cuts: accepted.slice(0, steps).map((i) => elementAt(trials, i)),
  split: spec.compress.split,
  seed: spec.seed,
});

/**
 * The files of a compressed model.
 *
 * - `factors.safetensors`: for row block b of a module `<path>.<b>.up` [rows, k] and
 *   `<path>.<b>.down` [k, in], float32, whose product is the block's weight. The metadata lists the
 *   rows of k-means blocks.
 * - `onnx/model.onnx`: the export with the changed weights as float32, everything else unmodified.
 *   If it exceeds the size of one file, its data is in `dataName` (`write-model.ts`).
 *
 * `steps`: apply only this many accepted steps, in order. `only`: write only this file.
 */
export async function compressedFiles(
  model: ModelGraph,
  result: Pick<CompressResult, 'trials' | 'accepted' | 'spec'>,
  { steps, dataName, only }: { steps?: number; dataName?: string; only?: CompressedFileName } = {},
): Promise<ModelPart[]> {
  const parts = partsOf(result, steps);
  const weights = new Map<number, Float32Array>();
  const factors = new Map<string, FloatTensor>();
  const metadata: Record<string, string> = { format: 'pt' };
  for (const { module, path, blocks, keep, weight, own } of cutModules(model.compiled, parts)) {
    weights.set(module, weight);
    const { inFeatures } = elementAt(model.compiled.modules, module);
    blocks.forEach((block, b) => {
      const k = keep[b]!;
      const {
        rows: { length: count },
      } = block;
      const { up, down } = factorsOf(own, inFeatures, block, k);
      factors.set(`${path}.${b}.up`, { shape: [count, k], data: up });
      factors.set(`${path}.${b}.down`, { shape: [k, inFeatures], data: down });
      if (parts.split === 'kmeans' && blocks.length > 1)
        metadata[`${path}.${b}.rows`] = JSON.stringify([...block.rows]);
    });
  }
  const files: ModelPart[] = [];
  if (only !== 'onnx/model.onnx') {
    const bytes = writeSafetensors(factors, metadata);
    files.push({ name: 'factors.safetensors', bytes: bytes.length, chunks: [bytes] });
  }
  if (only !== 'factors.safetensors') {
    const weightOf = (module: number) => weights.get(module) ?? null;
    const exported = await withWeights(model.graph, weightOf, 'float32');
    files.push(
      ...writeModel(exported, 'onnx/model.onnx', { ...(dataName !== undefined && { dataName }) }),
    );
  }
  return files;
}

/** The factors, and the export with all accepted steps. */
export const exportCompressed: StudyExport<CompressState> = async function* (model, { result }) {
  yield* await compressedFiles(model, defined(result));
};
