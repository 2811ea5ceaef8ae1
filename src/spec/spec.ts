/** What every experiment says, whatever its study: model, text, method, budget, training. */
import type { Rounding } from '../methods/allocation/registry.ts';
import type { MethodName, MethodSpec } from '../methods/importance/registry.ts';
import type { BosSetting } from '../model/bos.ts';

/** What earlier versions said: `experiment/earlier.ts`. */
export const SPEC_VERSION = 3;

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

export type { MethodName, MethodSpec };
export type AdaRankSpec = Extract<MethodSpec, { name: 'adarank' }>;

export interface AllocationSpec {
  meanRank: number;
  /** `floor` is the paper's; `exact` largest remainder within [rMin, rMax]. */
  rounding: Rounding;
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
  /** AdamW's. */
  beta1: number;
  beta2: number;
  epsilon: number;
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
