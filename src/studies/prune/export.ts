/**
 * What a pruning leaves behind as files: the sparse weights, the export with them put in, and the
 * adapters with their masks.
 */
import { elementAt } from '../../checked.ts';
import { withWeights } from '../../engine/pieces/replaced-model.ts';
import { writeSafetensors } from '../../model/safetensors.ts';
import { writeModel, type ModelPart } from '../../onnx/write-model.ts';
import { prunedWeight, type ModelGraph, type PrunedParts } from '../made-base.ts';
import type { StudyExport } from '../contract.ts';
import { PRUNED_FILES, type PrunedFileName } from './files.ts';
import type { PruneState } from './state.ts';

/**
 * As one file, or a model as two (`write-model.ts`), the second of which is called `dataName` and
 * read under that name. `onnx/model.onnx` and `onnx/model_q4.onnx`: the export with the pruned
 * weights as float32 and rounded to 4 bits, everything else as it was. `weights.safetensors`:
 * `<path>.weight` [out, in] float32. `adapter.safetensors`: PEFT's names; a LoSA adapter is no
 * plain LoRA, its product counts only where `mask.safetensors` has a bit (`<path>.mask`: bytes, bit
 * 0 first, row-major over [out, in], 1 = kept).
 */
export async function prunedFile(
  { graph, compiled }: ModelGraph,
  pruned: PrunedParts,
  name: PrunedFileName,
  dataName?: string,
): Promise<ModelPart[]> {
  const { modules } = compiled;
  const weight = (module: number) => prunedWeight(compiled, pruned, module);
  const tensors = <T>(of: (m: (typeof modules)[number]) => [string, T][]) =>
    new Map(modules.flatMap(of));
  const model = async (form: 'float32' | 'int4') =>
    writeModel(await withWeights(graph, weight, form), name, {
      ...(dataName !== undefined && { dataName }),
    });
  const saved = (bytes: Uint8Array): ModelPart[] => [
    { name, bytes: bytes.length, chunks: [bytes] },
  ];
  switch (name) {
    case 'onnx/model.onnx':
      return model('float32');
    case 'onnx/model_q4.onnx':
      return model('int4');
    case 'weights.safetensors':
      return saved(
        writeSafetensors(
          tensors(({ index, path, outFeatures, inFeatures }) => [
            [`${path}.weight`, { shape: [outFeatures, inFeatures], data: weight(index) }],
          ]),
          { format: 'pt' },
        ),
      );
    case 'adapter.safetensors': {
      const adapters = new Map(pruned.adapters.map((a) => [a.module, a]));
      return saved(
        writeSafetensors(
          tensors(({ index, path, outFeatures, inFeatures }) => {
            const a = adapters.get(index);
            const prefix = `base_model.model.${path}`;
            return a
              ? [
                  [`${prefix}.lora_A.weight`, { shape: [a.rank, inFeatures], data: a.loraA }],
                  [`${prefix}.lora_B.weight`, { shape: [outFeatures, a.rank], data: a.loraB }],
                ]
              : [];
          }),
          { format: 'pt', scale: String(pruned.scale) },
        ),
      );
    }
    case 'mask.safetensors':
      return saved(
        writeSafetensors(
          tensors(({ index, path, outFeatures, inFeatures }) => {
            const size = Math.ceil((outFeatures * inFeatures) / 8);
            const { buffer, byteOffset } = elementAt(pruned.masks, index);
            return [
              [`${path}.mask`, { shape: [size], data: new Uint8Array(buffer, byteOffset, size) }],
            ];
          }),
          { format: 'pt' },
        ),
      );
  }
}

/** All of them. */
export const exportPruned: StudyExport<PruneState> = async function* (model, _, made) {
  if (made?.kind !== 'pruned') throw new Error('the pruning has made nothing');
  for (const name of PRUNED_FILES) yield* await prunedFile(model, made, name);
};
