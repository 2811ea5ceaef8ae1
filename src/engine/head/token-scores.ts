/** Log-likelihoods of single tokens from logits that arrive in chunks of the vocabulary. */
import { defined } from '../../checked.ts';
import type { TokenQuery, TokenScores } from '../engine.ts';
import type { Visit } from './head.ts';

/**
 * Scores the queries. `logits` visits the logits of the requested rows, in their order. The
 * log-sum-exp and the largest logit are updated from chunk to chunk.
 */
export async function scoresOf(
  queries: readonly TokenQuery[],
  logits: (rows: readonly number[], visit: Visit) => Promise<void>,
): Promise<TokenScores> {
  const rows = [...new Set(queries.map((q) => q.row))];
  const places = new Map(rows.map((row, i) => [row, i]));
  const top = new Float64Array(rows.length).fill(-Infinity);
  const sum = new Float64Array(rows.length);
  const best = new Int32Array(rows.length);
  const asked = new Float64Array(queries.length);
  const at = queries.map((q) => defined(places.get(q.row)));
  await logits(rows, (first, width, part) => {
    rows.forEach((_, r) => {
      const row = part.subarray(r * width, (r + 1) * width);
      const before = top[r]!;
      let max = before;
      for (let v = 0; v < width; v++) {
        if (row[v]! <= max) continue;
        max = row[v]!;
        best[r] = first + v;
      }
      let total = max === before ? sum[r]! : sum[r]! * Math.exp(before - max);
      for (let v = 0; v < width; v++) total += Math.exp(row[v]! - max);
      top[r] = max;
      sum[r] = total;
    });
    queries.forEach(({ token }, i) => {
      if (token >= first && token < first + width) asked[i] = part[at[i]! * width + token - first]!;
    });
  });
  return {
    logLikelihood: asked.map((logit, i) => logit - top[at[i]!]! - Math.log(sum[at[i]!]!)),
    top: Uint8Array.from(queries, ({ token }, i) => (best[at[i]!] === token ? 1 : 0)),
  };
}
