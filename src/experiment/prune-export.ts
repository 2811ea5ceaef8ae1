/** What a pruning leaves behind as files: the sparse weights, the export with them put in, and the adapters with their masks. */
import type { CompiledModel } from '../compiler/compiled.ts';
import { withWeights } from '../engine/replaced-model.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeGraph } from '../onnx/write.ts';
import type { PrunedModel } from './prune-run.ts';

export interface PrunedFile { name: string; bytes: Uint8Array<ArrayBuffer> }

/**
 * `onnx/model.onnx` and `onnx/model_q4.onnx`: the export with the pruned weights as float32 and rounded to 4 bits, everything else as
 * it was. `weights.safetensors`: `<path>.weight` [out, in] float32. `adapter.safetensors`: PEFT's names; a LoSA adapter is no
 * plain LoRA, its product counts only where `mask.safetensors` has a bit (`<path>.mask`: bytes, bit 0 first, row-major over
 * [out, in], 1 = kept). Must be called while the engine is there.
 */
export async function prunedFiles({ graph, compiled: { modules } }: { graph: Graph; compiled: CompiledModel }, pruned: PrunedModel): Promise<PrunedFile[]> {
  const weights = new Map<number, Float32Array>(), metadata = { format: 'pt', scale: String(pruned.scale) };
  for (const { index } of modules) weights.set(index, await pruned.weight(index));
  const tensors = <T>(of: (m: CompiledModel['modules'][number]) => [string, T][]) => new Map(modules.flatMap(of));
  const onnx = async (form: 'float32' | 'int4') => writeGraph(await withWeights(graph, (module) => weights.get(module)!, form)) as Uint8Array<ArrayBuffer>;
  const adapters = new Map((await pruned.adapters()).map((a) => [a.module, a]));
  return [
    { name: 'onnx/model.onnx', bytes: await onnx('float32') },
    { name: 'onnx/model_q4.onnx', bytes: await onnx('int4') },
    { name: 'weights.safetensors', bytes: writeSafetensors(tensors(({ index, path, outFeatures, inFeatures }) => [[`${path}.weight`, { shape: [outFeatures, inFeatures], data: weights.get(index)! }]]), { format: 'pt' }) },
    {
      name: 'adapter.safetensors',
      bytes: writeSafetensors(tensors(({ index, path, outFeatures, inFeatures }) => {
        const a = adapters.get(index), name = `base_model.model.${path}`;
        return a ? [[`${name}.lora_A.weight`, { shape: [a.rank, inFeatures], data: a.loraA }], [`${name}.lora_B.weight`, { shape: [outFeatures, a.rank], data: a.loraB }]] : [];
      }), metadata),
    },
    {
      name: 'mask.safetensors',
      bytes: writeSafetensors(tensors(({ index, path, outFeatures, inFeatures }) => {
        const size = Math.ceil((outFeatures * inFeatures) / 8), { buffer, byteOffset } = pruned.mask(index);
        return [[`${path}.mask`, { shape: [size], data: new Uint8Array(buffer, byteOffset, size) }]];
      }), { format: 'pt' }),
    },
  ];
}
