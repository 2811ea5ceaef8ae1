/**
 * An experiment as a plain, versioned object: the one thing the form, the link and the command line all produce.
 */

export const SPEC_VERSION = 1;

export interface ModelRef {
  /** `bundled:<id>` or `files:<name>`. Hub and URL models come later. */
  id: string;
  /** sha-256 of the model's files, lower-case hex; absent = any. */
  hash?: string;
}

export type TextRef =
  /** A text that ships with the page (`public/texts/index.json`). */
  | { kind: 'bundled'; id: string }
  /** The visitor's own words. */
  | { kind: 'own'; text: string }
  /** Token ids given directly, one array a sequence, all of equal length. */
  | { kind: 'ids'; ids: number[][] };

export interface AdaRankSpec {
  name: 'adarank';
  /** `two-draws` is the paper's (default); `clean` the published notebook's: perturbed against clean, ℓ1 mean over the vocabulary, bias shaken too. */
  variant: 'two-draws' | 'clean';
  /** `std` = std(W) per module (default), or a fixed σ. */
  noise: { scale: 'std' } | { scale: 'fixed'; sigma: number };
  repeats: number;
  /** Tokens of the vocabulary over which ℓ1 is sampled; 0 = all. */
  vocabularySample: number;
}

export interface AllocationSpec {
  meanRank: number;
  /** `floor` is the paper's; `exact` largest remainder within [rMin, rMax]. */
  rounding: 'floor' | 'exact';
  /** What the budget counts. */
  unit: 'ranks' | 'parameters';
  rMin: number;
  rMax: number;
}

export interface ExperimentSpec {
  version: typeof SPEC_VERSION;
  model: ModelRef;
  text: TextRef;
  /** Calibration batch: sequences × tokens each. */
  sequences: number;
  length: number;
  seed: number;
  method: AdaRankSpec;
  allocation: AllocationSpec;
}
