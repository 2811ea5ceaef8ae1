/** Next-token losses from logits that arrive in chunks of the vocabulary. */
import type { TokenBatch } from '../engine.ts';
import type { Visit } from './head.ts';

/**
 * Mean next-token cross entropy in nats per predicted token (NaN for length 1). See
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
 * Next-token negative log-likelihood in nats, `[sequences, length − 1]`. `logits` visits the logits
 * of all rows in chunks of the vocabulary. The log-sum-exp is updated from chunk to chunk.
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
