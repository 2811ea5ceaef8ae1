/** What every experiment says, whatever its study: model, text, method, budget, training. */
import type { BosSetting } from '../model/bos.ts';

/** Version 1 knew no BOS: what it leaves unsaid means none. */
export const SPEC_VERSION = 2;

export interface ModelRef {
  /**
   * `bundled:<id>`, `files:<name>`, `hub:<owner>/<name>@<commit>` or `url:<address>`
   * (`model/remote/reference.ts`).
   */
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

/** Gaussian noise on a module's weight: `std` = std(W) per module (default), or a fixed σ. */
export type NoiseSpec = { scale: 'std' } | { scale: 'fixed'; sigma: number };

/** Sampled: each module is really shaken. */
export interface AdaRankSpec {
  name: 'adarank';
  /**
   * `two-draws` is the paper's (default); `clean` the published notebook's: perturbed against
   * clean, ℓ1 mean over the vocabulary, bias shaken too.
   */
  variant: 'two-draws' | 'clean';
  noise: NoiseSpec;
  repeats: number;
  /** Tokens of the vocabulary over which ℓ1 is sampled; 0 = all. */
  vocabularySample: number;
}

/** What AdaRank's noise would do, to first order, from backward passes (docs/jacobian.md). */
export interface JacobianSpec {
  name: 'jacobian';
  noise: NoiseSpec;
  /** Draws of signs u, one backward pass each. */
  repeats: number;
  /**
   * Signs of one position at a time: a backward pass for every token of a sequence, and nothing
   * lost by positions that differ.
   */
  perToken: boolean;
}

/** Both, each weighted by its own uncertainty. */
export interface CombinedSpec {
  name: 'combined';
  noise: NoiseSpec;
  /** Draws of signs u, made first. */
  signs: number;
  /** Draws in which every module is really shaken. */
  repeats: number;
}

export type MethodSpec = AdaRankSpec | JacobianSpec | CombinedSpec;
export type MethodName = MethodSpec['name'];

export interface AllocationSpec {
  meanRank: number;
  /** `floor` is the paper's; `exact` largest remainder within [rMin, rMax]. */
  rounding: 'floor' | 'exact';
  /** What the budget counts. */
  unit: 'ranks' | 'parameters';
  rMin: number;
  rMax: number;
}

/** How and on what adapters are trained, in every study that trains. */
export interface TrainingSettings {
  /** Trained on; and held out, never trained on. */
  train: TextRef;
  held: TextRef;
  /** Tokens of a sequence, in both. */
  length: number;
  /** Held-out sequences, at most. */
  heldSequences: number;
  steps: number;
  /** Sequences a step. */
  batch: number;
  learningRate: number;
  /** Share of the steps in which the rate climbs. */
  warmup: number;
  decay: 'constant' | 'linear' | 'cosine';
  weightDecay: number;
  /** Largest global gradient norm; 0: not clipped. */
  maxNorm: number;
  /** Held-out loss after every so many steps; 0: before and after only. */
  evaluateEvery: number;
}

/** An experiment without its study, and without the settings of studies. */
export interface CommonSpec {
  version: typeof SPEC_VERSION;
  model: ModelRef;
  text: TextRef;
  /**
   * What stands before every text: measured, trained on, held out, continued. Token ids given
   * directly are taken as they are.
   */
  bos: BosSetting;
  /** Calibration batch: sequences × tokens each. */
  sequences: number;
  length: number;
  seed: number;
  method: MethodSpec;
  allocation: AllocationSpec;
  training: TrainingSettings;
}
