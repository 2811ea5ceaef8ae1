/** Token batches: validation, labels, and the largest logits. */
import { AtlasError } from '../errors.ts';
import type { TokenBatch, TrainingBatch } from './engine.ts';

/** Throws AtlasError `bad-text` if the model cannot take the shape or the ids. */
export function checkTokens(
  { ids, sequences, length }: TokenBatch,
  vocab: number,
  maxLength: number,
): void {
  const bad = (why: string, remedy: string) => new AtlasError('bad-text', { why, remedy });
  if (sequences < 1 || length < 1 || ids.length !== sequences * length)
    throw bad(
      `${ids.length} tokens are not ${sequences} sequences of ${length}`,
      'Use sequences of equal length.',
    );
  if (length > maxLength)
    throw bad(
      `its sequences have ${length} tokens, but this model allows ${maxLength}`,
      'Use shorter sequences.',
    );
  const outside = ids.find((id) => id < 0 || id >= vocab);
  if (outside !== undefined)
    throw bad(
      `token ${outside} is outside the vocabulary of ${vocab}`,
      'Use the tokenizer of this model.',
    );
}

/**
 * The label of every row: the next token, unless the batch has labels. A negative label predicts
 * nothing.
 */
export const labelsOf = ({
  ids,
  length,
  labels = ids.map((_, i) => ((i + 1) % length === 0 ? -100 : ids[i + 1]!)),
}: TrainingBatch): Int32Array => labels;

/** Indices of the `count` largest numbers, largest first. */
export function largest(x: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < x.length; i++) {
    if (best.length === count && !(x[i]! > x[best[count - 1]!]!)) continue;
    let at = best.length;
    while (at > 0 && x[i]! > x[best[at - 1]!]!) at--;
    best.splice(at, 0, i);
    best.length = Math.min(best.length, count);
  }
  return best;
}
