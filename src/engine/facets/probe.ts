/** Perturbed weights: how far the logits part. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { AdapterUse } from './adapters.ts';
import type { ProviderInfo, TokenBatch, CleanPass, MemoryUse } from './model.ts';

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
 * One measurement: module's weight shaken by `a` against shaken by `b`, or against the clean output
 * when `b` is null.
 */
export interface Probe {
  module: number;
  a: NoiseDraw;
  b: NoiseDraw | null;
  /**
   * Shake the bias too (elements `out·in …` of the same stream), as the published notebook does.
   */
  bias?: boolean;
}

/**
 * ℓ1 over a seeded sample of the vocabulary, scaled to be unbiased; size 0 or ≥ vocab means all of
 * it.
 */
export interface VocabularySample {
  size: number;
  seed: number;
}

/** One probe in the open, for the module panel: the same numbers, not summed away. */
export interface ProbeDetail {
  /** First values of W, noise A and noise B (row-major), at most 8 each. */
  weights: Float32Array;
  noiseA: Float32Array;
  noiseB: Float32Array;
  /** Last position of the first sequence: tokens with the largest clean logits. */
  tokens: { id: number; clean: number; a: number; b: number }[];
  /** Σ|a − b| at that position over all other tokens, and how many they are. */
  rest: number;
  restCount: number;
  /** The probe's value: mean over all positions. */
  value: number;
}

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
  /** Embedding, all blocks, head loss; keeps the input of every block. */
  cleanPass(batch: TokenBatch): Promise<CleanPass>;
  /**
   * One value per probe: mean over positions of the ℓ1 distance over the vocabulary. Probes of
   * several layers go through the layers behind them as one batch where memory allows; else every
   * layer's go alone, in as many batches as it takes.
   */
  disagreement(
    pass: CleanPass,
    probes: readonly Probe[],
    sample?: VocabularySample,
  ): Promise<Float64Array>;
  explain(pass: CleanPass, probe: Probe): Promise<ProbeDetail>;
  /**
   * Full logits, `[sequences, length, vocab]`, through the adapters if given; for checks and the
   * text plate, small batches only. `layers`: only these, one behind the other, all others left
   * out.
   */
  logits(batch: TokenBatch, use?: AdapterUse, layers?: readonly number[]): Promise<Float32Array>;
  /**
   * Residual stream 0 … layers (0 after the embedding, i after block i−1), each `[sequences,
   * length, hidden]`.
   */
  residuals(batch: TokenBatch): Promise<Float32Array[]>;
  memory(): MemoryUse;
  dispose(): Promise<void>;
}
