/**
 * The calibration batch: rows of exactly `length` tokens, cut from passages or given as ids.
 *
 * Rows come from as many passages as possible: first the beginning of every long enough passage, in
 * order, then whole rows from the rest of these, then rows from the concatenated short passages and
 * remainders. The choice depends only on the text, the tokenizer, the two sizes and the BOS. If a
 * BOS precedes texts, it takes the first tokens of every row.
 */
import { defined } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { withoutBos } from './bos.ts';
import { isCount } from './json.ts';
import type { Tokenizer } from './tokenizer.ts';

/** An engine's `TokenBatch`. */
export interface CalibrationBatch {
  /** `[sequences, length]` row-major. */
  ids: Int32Array;
  /** At most the requested number; fewer if the text is short. */
  sequences: number;
  length: number;
  /** Number of text tokens read. */
  tokens: number;
}

/**
 * Limits of the model: ids below `vocab`, sequences up to `maxLength`. A CompiledModel has both.
 */
export interface BatchLimits {
  vocab: number;
  maxLength: number;
}

export interface BatchShape {
  sequences: number;
  /** Tokens of a row, including `bos`. */
  length: number;
  bos?: readonly number[];
}

/**
 * Reading stops at this multiple of the needed tokens, so a long text costs no more than a short
 * one.
 */
const ENOUGH = 8;

/**
 * Cuts passages (see `text.ts`) into rows that begin with `bos`. Throws `bad-text` if the text does
 * not fill one row or the length is not possible, and `bad-tokenizer` for ids outside the
 * vocabulary.
 */
export function calibrationBatch(
  passages: readonly string[],
  tokenizer: Pick<Tokenizer, 'encode'>,
  { sequences, length, bos = [] }: BatchShape,
  { vocab, maxLength }: BatchLimits,
): CalibrationBatch {
  if (length > maxLength)
    throw bad(
      `the sequence length is ${length} tokens, but the model allows at most ${maxLength}`,
      'Choose shorter sequences.',
    );
  const own = length - bos.length;
  if (own < 1)
    throw bad(
      `sequences of ${length} tokens have no space after the ${bos.length} tokens before every text`,
      'Choose longer sequences.',
    );
  const firsts: Int32Array[] = [];
  const followers: Int32Array[] = [];
  const rest: number[] = [];
  let tokens = 0;
  for (const passage of passages) {
    if (firsts.length >= sequences || tokens >= ENOUGH * sequences * length) break;
    const ids = withoutBos(tokenizer.encode(passage), bos);
    tokens += ids.length;
    let at = 0;
    for (; at + own <= ids.length; at += own)
      (at === 0 ? firsts : followers).push(ids.subarray(at, at + own));
    for (; at < ids.length; at++) rest.push(ids[at]!);
  }
  const rows = [...firsts, ...followers].slice(0, sequences);
  for (let at = 0; rows.length < sequences && at + own <= rest.length; at += own)
    rows.push(Int32Array.from(rest.slice(at, at + own)));
  if (rows.length === 0) {
    throw bad(
      `it has ${tokens} tokens, but one sequence needs ${own}`,
      'Use a longer text or shorter sequences.',
    );
  }
  const ids = new Int32Array(rows.length * length);
  rows.forEach((row, i) => {
    ids.set(bos, i * length);
    ids.set(row, i * length + bos.length);
  });
  const outside = ids.find((id) => id >= vocab);
  if (outside !== undefined)
    throw new AtlasError('bad-tokenizer', {
      file: 'tokenizer.json',
      why: `it returns token ${outside}, but the model has ${vocab} tokens`,
    });
  return { ids, sequences: rows.length, length, tokens };
}

/** A batch from given ids, one array per sequence. Throws `bad-text`. */
export function idsBatch(rows: unknown, { vocab, maxLength }: BatchLimits): CalibrationBatch {
  const shape = 'Write them as [[1, 2, 3], [4, 5, 6]].';
  if (!Array.isArray(rows) || rows.length === 0 || !rows.every(Array.isArray))
    throw bad('the token ids are not a list of sequences', shape);
  const [first] = rows as unknown[][];
  const length = defined(first).length;
  if ((rows as unknown[][]).some((row) => row.length !== length))
    throw bad('its sequences differ in length', 'Use one length for all.');
  if (length < 2) throw bad('its sequences have fewer than 2 tokens', 'Use longer sequences.');
  if (length > maxLength)
    throw bad(
      `its sequences have ${length} tokens, but the model allows at most ${maxLength}`,
      'Use shorter sequences.',
    );
  const flat = (rows as unknown[][]).flat();
  const wrong = flat.find((id) => !isCount(id) || id >= vocab);
  if (wrong !== undefined)
    throw bad(
      `${String(JSON.stringify(wrong)).slice(0, 40)} is not a token id of this model`,
      `Ids are whole numbers from 0 to ${vocab - 1}.`,
    );
  return {
    ids: Int32Array.from(flat as number[]),
    sequences: rows.length,
    length,
    tokens: flat.length,
  };
}

function bad(why: string, remedy: string): AtlasError {
  return new AtlasError('bad-text', { why, remedy });
}
