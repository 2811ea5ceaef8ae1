/** The settings that every experiment has: model, text, method, budget and training. */
import type { Rounding } from '../methods/allocation/registry.ts';
import type { MethodName, MethodSpec } from '../methods/importance/registry.ts';
import type { Schedule } from '../methods/learning-rate.ts';
import type { BosSetting } from '../model/bos.ts';

/** `experiment/earlier.ts` converts earlier versions. */
export const SPEC_VERSION = 3;

export interface ModelRef {
  /**
   * `bundled:<id>`, `files:<name>`, `hub:<owner>/<name>@<commit>` or `url:<address>`
   * (`model/remote/reference.ts`).
   */
  id: string;
  /** sha-256 of the model's files, lower-case hex; absent: any. */
  hash?: string;
}

export type TextRef =
  /** A bundled text (`public/texts/index.json`). */
  | { kind: 'bundled'; id: string }
  /** The user's own text. */
  | { kind: 'own'; text: string }
  /** Token ids, one array per sequence, all of equal length. */
  | { kind: 'ids'; ids: number[][] };

export type { MethodName, MethodSpec };
export type AdaRankSpec = Extract<MethodSpec, { name: 'adarank' }>;

export interface AllocationSpec {
  meanRank: number;
  /** `floor` as in the paper; `exact`: largest remainder within [rMin, rMax]. */
  rounding: Rounding;
  /** The unit of the budget. */
  unit: 'ranks' | 'parameters';
  rMin: number;
  rMax: number;
}

/** Data and optimiser settings of every study that trains. */
export interface TrainingSettings {
  /** The training text, and the held-out text. */
  train: TextRef;
  held: TextRef;
  /** Tokens per sequence, in both. */
  length: number;
  /** Maximum number of held-out sequences. */
  heldSequences: number;
  steps: number;
  /** Sequences per step. */
  batch: number;
  learningRate: number;
  /** Fraction of the steps in which the learning rate rises. */
  warmup: number;
  decay: Schedule['decay'];
  /** AdamW's settings. */
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** Largest global gradient norm; 0: no clipping. */
  maxNorm: number;
  /** Steps between two held-out evaluations; 0: only before and after training. */
  evaluateEvery: number;
}

/** The part of an experiment that does not depend on its study. */
export interface CommonSpec {
  version: typeof SPEC_VERSION;
  model: ModelRef;
  text: TextRef;
  /**
   * The tokens before every text, whether for measurement, training, evaluation or prompts. Token
   * ids given directly get none.
   */
  bos: BosSetting;
  /** Calibration batch: sequences × tokens per sequence. */
  sequences: number;
  length: number;
  seed: number;
  method: MethodSpec;
  allocation: AllocationSpec;
  training: TrainingSettings;
}
