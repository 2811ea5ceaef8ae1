/** Smallest and largest value of each number that every experiment has, for schemas and forms. */
import { METHOD_LIMITS } from '../methods/importance/settings.ts';

export const LIMITS = {
  ...METHOD_LIMITS,
  meanRank: [0, 64],
  rMin: [0, 4096],
  rMax: [1, 4096],
  seed: [0, 2 ** 32 - 1],
  sequences: [1, 64],
  length: [2, 1024],
  /** sequences × length. */
  tokens: [2, 8192],
  /** UTF-16 units of an own text: far more than the largest batch can use. */
  text: [1, 400_000],
  heldSequences: [1, 1024],
  steps: [1, 100_000],
  batch: [1, 64],
  learningRate: [1e-8, 1],
  share: [0, 1],
  epsilon: [1e-12, 1e-2],
  maxNorm: [0, 1000],
  evaluateEvery: [0, 100_000],
} as const satisfies Record<string, readonly [number, number]>;
