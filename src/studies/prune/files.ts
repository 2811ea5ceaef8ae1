/** The files of a pruning by name; what is in them is told in export.ts. */
export const PRUNED_FILES = [
  'onnx/model.onnx',
  'onnx/model_q4.onnx',
  'weights.safetensors',
  'adapter.safetensors',
  'mask.safetensors',
] as const;

export type PrunedFileName = (typeof PRUNED_FILES)[number];
