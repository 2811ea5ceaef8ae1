/**
 * Limits on the content and the steps of a tokenizer. Each is several times the need of published
 * tokenizers (docs/tokenizers.md has the numbers); more is refused in a sentence. The module counts
 * its steps (tools/meter.mjs) instead of time, so slow and fast machines refuse the same files.
 */
import { READ_LIMITS } from './limits.ts';

export const TOKENIZER_LIMITS = {
  bytes: READ_LIMITS.tokenizer,
  vocabulary: 500_000,
  merges: 1_000_000,
  addedTokens: 100_000,
} as const;

/**
 * Allowed steps per call: a fixed number, plus a number per input byte. A second has about 200
 * million steps.
 */
export const TOKENIZER_STEPS = {
  load: { call: 10e6, aByte: 40 },
  encode: { call: 1e6, aByte: 5000 },
  /** A token takes four bytes here and may stand for a text of any length. */
  decode: { call: 1e6, aByte: 50_000 },
  token: { call: 1e6, aByte: 0 },
} as const;

/**
 * Additional steps shared by all texts of a tokenizer. Short texts may use it for an expensive
 * pattern, but not in each of thousands of calls.
 */
export const TOKENIZER_RESERVE = 200e6;
