/**
 * The files of a pruned model: its sparse weights, the export with them, and the adapters with
 * their masks.
 */
import { elementAt } from '../../checked.ts';
import { withWeights } from '../../engine/pieces/replaced-model.ts';
import { writeSafetensors } from '../../model/safetensors.ts';
import { writeModel, type ModelPart } from '../../onnx/write-model.ts';
import { prunedWeight, type ModelGraph, type PrunedParts } from '../derived-base.ts';
import type { StudyExport } from '../contract.ts';
import { PRUNED_FILES, type PrunedFileName } from './files.ts';
import type { PruneState } from './state.ts';

/**
 * One file of a pruned model. A model becomes one file, or two (`write-model.ts`) if `dataName`
 * names the second.
 *
 * - `onnx/model.onnx`, `onnx/model_q4.onnx`: the export with the pruned weights as float32 or
 *   rounded to 4 bits, everything else unmodified.
 * - `weights.safetensors`: `<path>.weight` [out, in] float32.
 * - `adapter.safetensors`: PEFT's names. A LoSA adapter is not a plain LoRA: its product counts
 *   only where the mask is 1.
 * - `mask.safetensors`: `<path>.mask` as bytes, bit 0 first, row-major over [out, in], 1 =
 *   retained.
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

/** All files of a pruned model. */
export const exportPruned: StudyExport<PruneState> = async function* (model, _, derived) {
  if (derived?.kind !== 'pruned') throw new Error('the pruning has made nothing');
  for (const name of PRUNED_FILES) yield* await prunedFile(model, derived, name);
};
