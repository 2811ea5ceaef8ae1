/** What a self-test compares. */

/** What `train/training-self-test.ts` compares, when training is first asked for. */
export type TrainingCheck =
  | 'adapter gradient'
  | 'AdamW'
  | 'cross entropy'
  | 'gradient norm'
  | 'Fisher sum'
  | 'singular gradient';

export interface Check {
  name:
    | 'pipeline'
    | 'provider'
    | 'noise product'
    | 'pair difference'
    | 'disagreement'
    | 'LoRA delta'
    | TrainingCheck;
  /** Largest difference over the largest value; NaN where nothing could be compared. */
  error: number;
  allowed: number;
  ok: boolean;
  /** What could not be compared as it is, in a sentence. */
  note?: string;
}
