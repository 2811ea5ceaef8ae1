/**
 * As much as a tokenizer.json may hold and do. Each is some times what published tokenizers have
 * (docs/tokenizers.md says how much that is); what goes beyond is refused in a sentence. Steps are
 * counted by the module itself (tools/meter.mjs), not by a clock: a slow machine refuses what a
 * fast one does.
 */
import { MOST } from './limits.ts';

export const TOKENIZER_MOST = {
  bytes: MOST.tokenizer,
  vocabulary: 500_000,
  merges: 1_000_000,
  addedTokens: 100_000,
} as const;

/**
 * Steps that a call may take: so many, and so many more for each byte it is given. A second has
 * about 200 million.
 */
export const TOKENIZER_STEPS = {
  load: { call: 10e6, aByte: 40 },
  encode: { call: 1e6, aByte: 5000 },
  /** A token has four bytes here, and stands for a text of any length. */
  decode: { call: 1e6, aByte: 50_000 },
  token: { call: 1e6, aByte: 0 },
} as const;

/**
 * What all texts of a tokenizer together may take beyond that. Short texts have room for a hard
 * pattern in it, but not each of thousands.
 */
export const TOKENIZER_RESERVE = 200e6;
