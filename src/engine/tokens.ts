/** Token batches in, numbers about tokens out. */
import { AtlasError } from '../errors.ts';
import type { TokenBatch, TrainingBatch } from './engine.ts';
import type { Visit } from './head/head.ts';

/** Throws AtlasError `bad-text` for shapes and ids the model cannot take. */
export function checkTokens(
  { ids, sequences, length }: TokenBatch,
  vocab: number,
  maxLength: number,
): void {
  const bad = (why: string, remedy: string) => new AtlasError('bad-text', { why, remedy });
  if (sequences < 1 || length < 1 || ids.length !== sequences * length)
    throw bad(
      `${ids.length} tokens are not ${sequences} sequences of ${length}`,
      'Give sequences of equal length.',
    );
  if (length > maxLength)
    throw bad(
      `its sequences have ${length} tokens, this model allows ${maxLength}`,
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
 * What every row has to predict: the next token, unless the batch says otherwise; below 0: nothing.
 */
export const labelsOf = ({
  ids,
  length,
  labels = ids.map((_, i) => ((i + 1) % length === 0 ? -100 : ids[i + 1]!)),
}: TrainingBatch): Int32Array => labels;

/**
 * Mean next-token cross entropy in nats per predicted token (NaN for length 1); see
 * `nextTokenLosses`.
 */
export async function crossEntropy(
  logits: (visit: Visit) => Promise<void>,
  batch: TokenBatch,
): Promise<number> {
  const losses = await nextTokenLosses(logits, batch);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/**
 * Next-token negative log likelihood in nats, `[sequences, length − 1]`.
 * `logits` gives those of all rows in stretches of the vocabulary; the log-sum-exp runs along.
 */
export async function nextTokenLosses(
  logits: (visit: Visit) => Promise<void>,
  { ids, sequences, length }: TokenBatch,
): Promise<Float64Array> {
  const rows = sequences * length;
  const top = new Float64Array(rows).fill(-Infinity);
  const sum = new Float64Array(rows);
  const right = new Float64Array(rows);
  await logits((first, width, part) => {
    for (let r = 0; r < rows; r++) {
      const row = part.subarray(r * width, (r + 1) * width);
      let max = top[r]!;
      for (let v = 0; v < width; v++) if (row[v]! > max) max = row[v]!;
      let total = sum[r]! * Math.exp(top[r]! - max);
      for (let v = 0; v < width; v++) total += Math.exp(row[v]! - max);
      top[r] = max;
      sum[r] = total;
      const next = (r + 1) % length === 0 ? -1 : ids[r + 1]! - first;
      if (next >= 0 && next < width) right[r] = row[next]!;
    }
  });
  const losses = new Float64Array(sequences * (length - 1));
  for (let r = 0, n = 0; r < rows; r++)
    if ((r + 1) % length !== 0) losses[n++] = top[r]! + Math.log(sum[r]!) - right[r]!;
  return losses;
}

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
