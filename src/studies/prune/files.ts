/** The names of the files of a pruned model; `export.ts` writes them. */
export const PRUNED_FILES = [
  'onnx/model.onnx',
  'onnx/model_q4.onnx',
  'weights.safetensors',
  'adapter.safetensors',
  'mask.safetensors',
] as const;

export type PrunedFileName = (typeof PRUNED_FILES)[number];
