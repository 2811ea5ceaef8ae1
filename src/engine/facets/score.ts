/** Log-likelihoods of single tokens, and gradients along single directions of a weight. */
import type { CleanPass } from './model.ts';
import type { TrainingBatch } from './train.ts';

/**
 * Directions of part of a module: `blocks` (default 1) consecutive row blocks of `rows` output
 * features each, from feature `first` on. The blocks share the directions evenly: the first
 * `count / blocks` belong to the first block, and so on. `vectors` are row-major float32,
 * [count, rows] for output directions or [count, inFeatures] for input directions.
 */
export interface WeightDirections {
  module: number;
  first: number;
  rows: number;
  blocks?: number;
  side: 'output' | 'input';
  vectors: Float32Array;
}

/** `token` as the next token after row `row` of a batch (row-major over [sequences, length]). */
export interface TokenQuery {
  row: number;
  token: number;
}

/** Answers to queries, in their order. */
export interface TokenScores {
  /** ln p of each query. */
  logLikelihood: Float64Array;
  /** 1 if no token is more likely. */
  top: Uint8Array;
}

/**
 * The part of the engine that scores single tokens and single directions of a weight, in the same
 * queue.
 */
export interface ScoringEngine {
  /**
   * Answers the queries. Blocks before `layer` come from the cache of `pass`; blocks from `layer`
   * on run with the current weights. `layer` = layers runs the head only.
   */
  scoreTokens(pass: CleanPass, queries: readonly TokenQuery[], layer: number): Promise<TokenScores>;
  /**
   * Recomputes the cache of `pass` with the current weights: the outputs of blocks `layer` … `to` −
   * 1 (default: to the last). Its `loss` does not change.
   */
  refreshPass(pass: CleanPass, layer: number, to?: number): Promise<void>;
  /**
   * uᵢᵀ G Wᵀ uᵢ or vᵢᵀ Wᵀ G vᵢ of every direction and sequence of the batch, where G = dL/dW of the
   * mean loss. G and W are restricted to the rows of the block. For singular vectors this is σᵢ
   * dL/dσᵢ. Returns one array [blocks, sequences, count / blocks] for each of `directions`. One
   * forward and backward pass; G is never formed. [methods.md §5]
   */
  singularGradients(
    batch: TrainingBatch,
    directions: readonly WeightDirections[],
  ): Promise<{ loss: number; gradients: Float32Array[] }>;
}
