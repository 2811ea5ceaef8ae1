/** Generation with a cache. */
import type { AdapterUse } from './adapters.ts';

/**
 * The next token of a text, from the logits `[vocab]` behind its last one; `index` counts the
 * chosen ones from 0.
 */
export type ChooseToken = (logits: Float32Array, index: number) => number;

export interface GenerationRequest {
  prompt: Int32Array;
  /** At most so many; fewer where the model has no more positions. */
  tokens: number;
  choose: ChooseToken;
  /** Tokens any of which ends the text; it is given out, too. */
  stop?: readonly number[];
  use?: AdapterUse;
}

export interface GeneratedToken {
  id: number;
  /** ln p under the model that chose it, at temperature 1. */
  logProbability: number;
}

/**
 * The part of the engine that takes a text further, with a cache of keys and values; the same
 * queue, taken anew for every token.
 */
export interface GeneratingEngine {
  /**
   * Throws `bad-text`, `too-large`, or `operator` for an export in which tokens meet outside
   * attention.
   */
  generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, void, undefined>;
  /** ln p of every token of a text but the first, given those before it. Throws the same. */
  score(ids: Int32Array, use?: AdapterUse): Promise<Float64Array>;
}
