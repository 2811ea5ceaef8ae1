/** Generation with a KV cache. */
import type { AdapterUse } from './adapters.ts';

/**
 * Chooses the next token from the logits `[vocab]` after the last token. `index` counts the
 * generated tokens from 0.
 */
export type ChooseToken = (logits: Float32Array, index: number) => number;

/** What is continued, and how. */
export interface GenerationRequest {
  prompt: Int32Array;
  /** Maximum number of tokens. Fewer if the model has no more positions. */
  tokens: number;
  choose: ChooseToken;
  /** Stop tokens. Generation ends after one, and yields it. */
  stop?: readonly number[];
  use?: AdapterUse;
}

/** A token that was chosen. */
export interface GeneratedToken {
  id: number;
  /** ln p under the model that chose the token, at temperature 1. */
  logProbability: number;
}

/**
 * The part of the engine that generates text with a KV cache. Every token is a separate task in the
 * engine's queue.
 */
export interface GeneratingEngine {
  /**
   * Yields the generated tokens. Throws AtlasError `bad-text`, `too-large`, or `operator` if the
   * export mixes tokens outside attention.
   */
  generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, void, undefined>;
  /**
   * ln p of every token of a text but the first, given the tokens before it. Throws the same
   * errors.
   */
  score(ids: Int32Array, use?: AdapterUse): Promise<Float64Array>;
}
