/** The sizes of the bundled model and of the compared training step. */
export const size = {
  layers: 8,
  hidden: 192,
  intermediate: 512,
  heads: 6,
  keyValueHeads: 2,
  headDim: 32,
  vocab: 2048,
  batch: 4,
  length: 64,
  rank: 8,
  learningRate: 1e-3,
  maxNorm: 0.3,
};

export type Size = typeof size;
