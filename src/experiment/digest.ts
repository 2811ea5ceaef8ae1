/** The digest of a result in a link, and its comparison with a run on this machine. */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import { mappedBy, rankTable } from '../studies/map/rank-table.ts';
import type { RunResult } from '../studies/map/result.ts';

export interface ResultDigest {
  /** sha-256 of the model's files, and of the token ids. */
  model: string;
  tokens: string;
  /** By module, in the model's order. Importances have 4 significant digits. */
  ranks: number[];
  importances: number[];
}

const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const MODULES = 20_000;

export const digestSchema: z.ZodMiniType<ResultDigest> = z
  .strictObject({
    model: hash,
    tokens: hash,
    ranks: z
      .array(z.int().check(z.gte(0), z.lte(2 ** 31)))
      .check(z.minLength(1), z.maxLength(MODULES)),
    importances: z.array(z.number().check(z.gte(0))).check(z.minLength(1), z.maxLength(MODULES)),
  })
  .check(z.refine((d) => d.ranks.length === d.importances.length));

export const digestOf = ({ model, tokens, modules }: RunResult): ResultDigest => ({
  model: model.hash,
  tokens: tokens.hash,
  ranks: modules.map((m) => m.rank),
  importances: modules.map((m) => Number(m.importance.toPrecision(4))),
});

/**
 * Relative tolerance: rounding to 4 digits (5e-4) and float differences between providers (1e-3).
 */
const TOLERANCE = 1.5e-3;

export interface Comparison {
  /**
   * `reproduced`: every rank is equal and every importance within the tolerance. `close`: ranks
   * differ only where this run leaves them open, or importances differ beyond the tolerance.
   * `differs`: another model or batch was measured, or a settled rank differs.
   */
  kind: 'reproduced' | 'close' | 'differs';
  /** For `differs`: what differs. */
  reason: 'model' | 'tokens' | 'ranks' | null;
  modules: number;
  /** Indices of the modules whose ranks differ. */
  differing: number[];
  /** Largest relative difference of an importance; 0 if another model or batch was measured. */
  largest: number;
}

/** Compares a result of this machine with the digest of another run of the same experiment. */
export function compareDigest(digest: ResultDigest, result: RunResult): Comparison {
  const modules = result.modules.length;
  const other = (reason: 'model' | 'tokens'): Comparison => ({
    kind: 'differs',
    reason,
    modules,
    differing: [],
    largest: 0,
  });
  if (digest.model !== result.model.hash || digest.ranks.length !== modules) return other('model');
  if (digest.tokens !== result.tokens.hash) return other('tokens');

  const { rows } = rankTable(mappedBy(result), result.spec.allocation);
  const apart = result.modules.map((m, i) =>
    relativeDifference(m.importance, digest.importances[i]!),
  );
  const differing = rows
    .filter((row) => row.rank !== digest.ranks[row.index])
    .map((row) => row.index);
  // With too few repeats for a range, a rank may differ only because rounding broke a tie between
  // equal importances.
  const open = (i: number) => {
    const { range } = elementAt(rows, i);
    const rank = digest.ranks[i]!;
    return range ? range.low <= rank && rank <= range.high : apart[i]! <= TOLERANCE;
  };
  const largest = Math.max(...apart);
  const kind = !differing.every(open)
    ? 'differs'
    : differing.length > 0 || largest > TOLERANCE
      ? 'close'
      : 'reproduced';
  return { kind, reason: kind === 'differs' ? 'ranks' : null, modules, differing, largest };
}

const relativeDifference = (a: number, b: number) =>
  a === b ? 0 : Math.abs(a - b) / Math.max(a, b);
