/** Losses and training steps. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { AdamWStep } from '../../device/training-twins.ts';
import type { AdapterValues, AdapterMoments, Adapters, AdapterUse } from './adapters.ts';
import type { Check } from './checks.ts';
import type { TokenBatch } from './model.ts';

/** How often rank `row` (from 0) of a module has moved. */
export type RankUpdates = (module: number, row: number) => number;

/** Which ranks of the adapters a step moves; nothing: all in use, at every step. */
export interface MovingRanks {
  /** Only the last rank in use (row b of A, column b of B): DyLoRA's frozen mode. */
  onlyLast?: boolean | undefined;
  /** This step included, where that is not every step: AdamW's bias corrections go by it. */
  updates?: RankUpdates | undefined;
}

/**
 * What the rows of a batch predict: `[sequences, length]` token ids, below 0 for nothing. Default:
 * the next token of the same sequence.
 */
export interface TrainingBatch extends TokenBatch {
  labels?: Int32Array;
}

/** Σ of negative log likelihoods in nats, over so many predicted tokens. */
export interface LossSum {
  sum: number;
  tokens: number;
}

/** The part of the engine that trains; the same model, the same queue. */
export interface TrainingEngine {
  readonly modules: readonly ModuleInfo[];
  /**
   * Throws `training-too-large`, which says what would fit, when a training step of so many
   * sequences does not fit beside the model: one set of adapters, the rank of every module, or
   * several that are on the provider together and step one after the other.
   */
  checkTraining(
    shape: { sequences: number; length: number },
    ...ranks: readonly (readonly number[])[]
  ): Promise<void>;
  /** The kernels of training on this provider against their CPU twins. */
  testTraining(): Promise<Check[]>;
  /**
   * Puts adapters on the provider; moments default to zeros. Throws `too-large` when they do not
   * fit, `head-bent` for one that cannot be applied.
   */
  adapters(
    values: readonly AdapterValues[],
    moments?: readonly AdapterMoments[],
  ): Promise<Adapters>;
  /** Loss of a batch, through the adapters if given. */
  evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum>;
  /**
   * One training step: mean loss over the predicted tokens, its gradient at every adapter, AdamW.
   * Returns what was true before the update. Throws `diverged` and leaves the adapters as they were
   * when loss or gradient is no number; `head-not-trained`.
   */
  trainStep(
    batch: TrainingBatch,
    use: AdapterUse,
    adamW: AdamWStep,
    ranks?: MovingRanks,
  ): Promise<{ loss: number; gradNorm: number }>;
  /**
   * Mean next-token loss of a batch and its gradients, for checks: at the residual stream 0 …
   * layers, `[sequences, length, hidden]`, dL/dW of every module, `[out, in]` float32, and of the
   * vocabulary product, `[vocab, hidden]`, where asked for.
   */
  gradients(
    batch: TrainingBatch,
    visit: {
      residual?(index: number, gradient: Float32Array): void;
      weight?(module: number, gradient: Float32Array): void;
      head?(gradient: Float32Array): void;
    },
  ): Promise<number>;
}
