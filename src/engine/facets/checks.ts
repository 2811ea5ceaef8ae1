/** The checks of a self-test. */

/** The checks of `train/training-self-test.ts`, which run at the first use of training. */
export type TrainingCheck =
  | 'adapter gradient'
  | 'AdamW'
  | 'cross entropy'
  | 'gradient norm'
  | 'Fisher sum'
  | 'singular gradient';

/** One comparison of a self-test. */
export interface Check {
  name:
    | 'pipeline'
    | 'provider'
    | 'noise product'
    | 'pair difference'
    | 'disagreement'
    | 'LoRA delta'
    | TrainingCheck;
  /** Largest difference over the largest value. NaN if nothing could be compared. */
  error: number;
  allowed: number;
  ok: boolean;
  /** One sentence: which part was not compared, or not in its original form. */
  note?: string;
}
