/** Perturbed weights and the disagreement of their logits. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { AdapterUse } from './adapters.ts';
import type { ProviderInfo, TokenBatch, CleanPass, ModelMemory } from './model.ts';

/**
 * Gaussian noise of a module's weight shape: `std · normal(seed, a = module index, b = draw)`,
 * row-major over `[out, in]`.
 */
export interface NoiseDraw {
  seed: number;
  draw: number;
  std: number;
}

/**
 * One measurement: the module's weight perturbed by `a` against the weight perturbed by `b`, or
 * against the clean pass if `b` is null.
 */
export interface Probe {
  module: number;
  a: NoiseDraw;
  b: NoiseDraw | null;
  /**
   * Also perturbs the bias (elements `out·in …` of the same stream), as the published notebook
   * does.
   */
  bias?: boolean;
}

/**
 * A seeded sample of the vocabulary for the ℓ1 distance, scaled to be unbiased. Size 0 or ≥ vocab
 * selects all tokens.
 */
export interface VocabularySample {
  size: number;
  seed: number;
}

/** The details of one probe, for the module panel: the same numbers before they are summed. */
export interface ProbeDetail {
  /** First values of W, noise A and noise B (row-major), at most 8 each. */
  weights: Float32Array;
  noiseA: Float32Array;
  noiseB: Float32Array;
  /** The tokens with the largest clean logits at the last position of the first sequence. */
  tokens: { id: number; clean: number; a: number; b: number }[];
  /** Σ|a − b| at that position over all other tokens, and their number. */
  rest: number;
  restCount: number;
  /** The probe's value: the mean over all positions. */
  value: number;
}

/** The model, clean and with perturbed weights. */
export interface Engine {
  readonly provider: ProviderInfo;
  readonly modules: readonly ModuleInfo[];
  readonly layers: number;
  readonly vocab: number;
  /** Rows (tokens of all probes) up to which a larger batch is faster per row. */
  readonly fullRows: number;
  /** Population standard deviation of the dequantised weight. */
  weightStd(module: number): number;
  /** Dequantised weight, `[out, in]` row-major. */
  materialiseWeight(module: number): Float32Array;
  /** Runs embedding, all blocks and the loss. Caches the input of every block. */
  cleanPass(batch: TokenBatch): Promise<CleanPass>;
  /**
   * One value per probe: the mean over positions of the ℓ1 distance over the vocabulary. If memory
   * allows, probes of several layers go through later layers as one batch. Otherwise each layer
   * runs separately, in as many batches as needed.
   */
  disagreement(
    pass: CleanPass,
    probes: readonly Probe[],
    sample?: VocabularySample,
  ): Promise<Float64Array>;
  /** One probe with its inner numbers. Throws what `disagreement` throws. */
  explain(pass: CleanPass, probe: Probe): Promise<ProbeDetail>;
  /**
   * All logits, `[sequences, length, vocab]`, through the adapters if given. For small batches:
   * checks and the text panel. `layers` runs only these layers, in this order.
   */
  logits(batch: TokenBatch, use?: AdapterUse, layers?: readonly number[]): Promise<Float32Array>;
  /**
   * Residual stream 0 … layers (0 after the embedding, i after block i−1), each
   * `[sequences, length, hidden]`.
   */
  residuals(batch: TokenBatch): Promise<Float32Array[]>;
  /** Memory in use now. */
  memory(): ModelMemory;
  /** Frees sessions, weights and workspace; calls still in the queue throw `cancelled`. */
  dispose(): Promise<void>;
}
