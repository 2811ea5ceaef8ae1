/** What a pruning leaves behind as files: the sparse weights, the export with them put in, and the adapters with their masks. */
import { withWeights } from '../engine/replaced-model.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { writeGraph } from '../onnx/write.ts';
import { prunedWeight, type ModelGraph, type PrunedParts } from './made-base.ts';
import type { PrunedFileName } from './prune-files.ts';

/**
 * `onnx/model.onnx` and `onnx/model_q4.onnx`: the export with the pruned weights as float32 and rounded to 4 bits, everything else as
 * it was. `weights.safetensors`: `<path>.weight` [out, in] float32. `adapter.safetensors`: PEFT's names; a LoSA adapter is no
 * plain LoRA, its product counts only where `mask.safetensors` has a bit (`<path>.mask`: bytes, bit 0 first, row-major over
 * [out, in], 1 = kept).
 */
export async function prunedFile({ graph, compiled }: ModelGraph, pruned: PrunedParts, name: PrunedFileName): Promise<Uint8Array<ArrayBuffer>> {
  const { modules } = compiled, weight = (module: number) => prunedWeight(compiled, pruned, module);
  const tensors = <T>(of: (m: (typeof modules)[number]) => [string, T][]) => new Map(modules.flatMap(of));
  switch (name) {
    case 'onnx/model.onnx': return writeGraph(await withWeights(graph, weight, 'float32')) as Uint8Array<ArrayBuffer>;
    case 'onnx/model_q4.onnx': return writeGraph(await withWeights(graph, weight, 'int4')) as Uint8Array<ArrayBuffer>;
    case 'weights.safetensors': return writeSafetensors(tensors(({ index, path, outFeatures, inFeatures }) => [[`${path}.weight`, { shape: [outFeatures, inFeatures], data: weight(index) }]]), { format: 'pt' });
    case 'adapter.safetensors': {
      const adapters = new Map(pruned.adapters.map((a) => [a.module, a]));
      return writeSafetensors(tensors(({ index, path, outFeatures, inFeatures }) => {
        const a = adapters.get(index), prefix = `base_model.model.${path}`;
        return a ? [[`${prefix}.lora_A.weight`, { shape: [a.rank, inFeatures], data: a.loraA }], [`${prefix}.lora_B.weight`, { shape: [outFeatures, a.rank], data: a.loraB }]] : [];
      }), { format: 'pt', scale: String(pruned.scale) });
    }
    case 'mask.safetensors': return writeSafetensors(tensors(({ index, path, outFeatures, inFeatures }) => {
      const size = Math.ceil((outFeatures * inFeatures) / 8), { buffer, byteOffset } = pruned.masks[index]!;
      return [[`${path}.mask`, { shape: [size], data: new Uint8Array(buffer, byteOffset, size) }]];
    }), { format: 'pt' });
  }
}
