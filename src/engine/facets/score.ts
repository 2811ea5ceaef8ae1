/** Single tokens, and single directions of a weight. */
import type { CleanPass } from './model.ts';
import type { TrainingBatch } from './train.ts';

/**
 * Directions at part of a module, over its output features `first` …, with `blocks` (default 1)
 * over so many stretches of `rows` features each, one after the other, that share the directions
 * evenly: the first `count / blocks` are of the first stretch, and so on. `vectors` are row-major
 * float32: of the output [count, rows], or of the input [count, inFeatures].
 */
export interface WeightDirections {
  module: number;
  first: number;
  rows: number;
  blocks?: number;
  side: 'output' | 'input';
  vectors: Float32Array;
}

/**
 * Token `token` as the next one after row `row` of a batch (row-major over [sequences, length]).
 */
export interface TokenQuery {
  row: number;
  token: number;
}

export interface TokenScores {
  /** ln p of each query. */
  logLikelihood: Float64Array;
  /** 1 where no token is more likely. */
  top: Uint8Array;
}

/**
 * The part of the engine that asks what single tokens and single directions of a weight are worth;
 * the same queue.
 */
export interface ScoringEngine {
  /**
   * Answers the queries; blocks before `layer` as `pass` kept them, from there on with the weights
   * as they are now. `layer` = layers: the head only.
   */
  scoreTokens(pass: CleanPass, queries: readonly TokenQuery[], layer: number): Promise<TokenScores>;
  /**
   * What `pass` keeps, computed anew with the weights as they are now: what blocks `layer` to `to`
   * (default: the last) give. Its `loss` stays what it was.
   */
  refreshPass(pass: CleanPass, layer: number, to?: number): Promise<void>;
  /**
   * uᵢᵀ G Wᵀ uᵢ or vᵢᵀ Wᵀ G vᵢ of every direction and sequence of the batch, G = dL/dW of the mean
   * loss, both restricted to the rows of the stretch: for each of `directions` one array [blocks,
   * sequences, count / blocks]. Of singular vectors it is σᵢ dL/dσᵢ. One forward and backward pass;
   * G is never formed. [methods.md §5]
   */
  singularGradients(
    batch: TrainingBatch,
    directions: readonly WeightDirections[],
  ): Promise<{ loss: number; gradients: Float32Array[] }>;
}
