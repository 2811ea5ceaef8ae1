/** Losses and training steps. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { AdamWStep } from '../../device/training-twins.ts';
import type { AdapterValues, AdapterMoments, Adapters, AdapterUse } from './adapters.ts';
import type { Check } from './checks.ts';
import type { TokenBatch } from './model.ts';

/** Number of updates of rank `row` (from 0) of a module. */
export type RankUpdates = (module: number, row: number) => number;

/** The ranks that a step updates. Default: all ranks in use, at every step. */
export interface MovingRanks {
  /** Updates only the last rank in use (row b of A, column b of B): DyLoRA's frozen mode. */
  onlyLast?: boolean | undefined;
  /**
   * Number of updates including this step, if not every step updates a rank. AdamW's bias
   * corrections use it.
   */
  updates?: RankUpdates | undefined;
}

/**
 * A batch with labels: `[sequences, length]` token ids, negative for no prediction. Default: the
 * next token of the same sequence.
 */
export interface TrainingBatch extends TokenBatch {
  labels?: Int32Array;
}

/** Σ of negative log-likelihoods in nats, and the number of predicted tokens. */
export interface LossSum {
  sum: number;
  tokens: number;
}

/** The part of the engine that trains, in the same queue. */
export interface TrainingEngine {
  readonly modules: readonly ModuleInfo[];
  /**
   * Throws AtlasError `training-too-large`, with a size that fits, if a training step of
   * `sequences` sequences does not fit into memory with the model. `ranks` has one set of adapters,
   * by module, or several that are on the provider together and step in turn.
   */
  checkTraining(
    shape: { sequences: number; length: number },
    ...ranks: readonly (readonly number[])[]
  ): Promise<void>;
  /** Compares the provider's training kernels with their CPU reference implementations. */
  testTraining(): Promise<Check[]>;
  /**
   * Uploads adapters to the provider. Moments default to zeros. Throws AtlasError `too-large` if
   * they do not fit, and `head-bent` for an adapter that cannot be applied.
   */
  adapters(
    values: readonly AdapterValues[],
    moments?: readonly AdapterMoments[],
  ): Promise<Adapters>;
  /** Loss of a batch, through the adapters if given. */
  evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum>;
  /**
   * One training step: mean loss over the predicted tokens, gradients of every adapter, AdamW.
   * Returns loss and gradient norm before the update. Throws AtlasError `head-not-trained`. If loss
   * or gradient is not finite, throws `diverged` and leaves the adapters unchanged.
   */
  trainStep(
    batch: TrainingBatch,
    use: AdapterUse,
    adamW: AdamWStep,
    ranks?: MovingRanks,
  ): Promise<{ loss: number; gradNorm: number }>;
  /**
   * Mean next-token loss of a batch and its gradients, for checks: of the residual stream 0 …
   * layers, `[sequences, length, hidden]`; dL/dW of every module, `[out, in]` float32; and of the
   * vocabulary projection, `[vocab, hidden]`. Computes only those with a visitor.
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
