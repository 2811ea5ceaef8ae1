/**
 * The table of importances and ranks that page, terminal and exports all show: draws in, one row a
 * module out. Pure and cheap, so that the budget slider re-allocates in a frame from what is
 * measured.
 *
 * Uncertainty of a rank: per complete sweep, a module's multiple is its draw over the mean draw of
 * all modules; the 95 % t-interval of these multiples, put through the rank rule, gives the ranks
 * `low … high`. One rank: settled. A method that knows its error gives the interval itself, from
 * the first map on.
 */
import { defined, elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { allocate, rankOfMultiple, type Allocation } from '../../methods/allocation/allocate.ts';
import { interval95, summarise } from '../../methods/statistics.ts';
import { mapsOf, sweepsOf, type Draws, type Maps } from './draws.ts';
import { measuredIn, type MeasuredModule, type RunResult } from './result.ts';
import type { AllocationSpec } from '../../spec/spec.ts';

/** Complete sweeps before an interval is shown: with two, t is 12.7 and says nothing. */
export const SWEEPS_FOR_INTERVALS = 3;

export interface RankRow {
  /** Position in the model's list of modules. */
  index: number;
  module: MeasuredModule;
  draws: readonly number[];
  /** Mean of the draws; null before the first. */
  importance: number | null;
  standardError: number | null;
  /** Half width of the importance's 95 % t-interval; null with fewer than two draws. */
  margin: number | null;
  /** Importance over the mean importance of the modules measured so far. */
  multiple: number | null;
  /** 95 % interval of the multiple; null before enough sweeps. */
  multipleInterval: { low: number; high: number } | null;
  /** null until every module has a draw. */
  rank: number | null;
  /** Ranks the interval allows, `rank` among them; null before enough sweeps. */
  range: { low: number; high: number } | null;
  /** One rank only; null before enough sweeps. */
  settled: boolean | null;
  /** Parameters of the adapter, rank · (in + out). */
  parameters: number | null;
}

export interface RankTable {
  rows: RankRow[];
  sweeps: number;
  /** Budget and what of it is spent; null until every module has a draw. */
  allocation: Allocation | null;
  /** Modules whose rank is settled; null before enough sweeps. */
  settled: number | null;
  /** Why there are no ranks though every module has a draw. */
  refusal: AtlasError | null;
}

/** What a table is made of: `draws[i]` are those of `modules[i]`. */
export interface Mapped {
  modules: readonly MeasuredModule[];
  draws: Draws;
  error?: Maps['error'];
}

/** The same of a finished run. */
export const mappedBy = (result: RunResult): Mapped => ({
  modules: result.modules,
  ...mapsOf(result.spec.method, result.modules, measuredIn(result)),
});

/** Never throws on importances: `refusal` says what is wrong with them. */
export function rankTable(
  { modules, draws, error = null }: Mapped,
  rule: AllocationSpec,
): RankTable {
  const sweeps = sweepsOf(draws);
  const summaries = draws.map(summarise);
  const measured = summaries.filter((s) => s.n > 0);
  const mean = measured.reduce((sum, s) => sum + s.mean, 0) / measured.length;
  const multiples = summaries.map((s) => (s.n > 0 && mean > 0 ? s.mean / mean : null));
  const { allocation, refusal } =
    sweeps > 0
      ? allocated(
          summaries.map((s) => s.mean),
          modules,
          rule,
        )
      : { allocation: null, refusal: null };

  const intervals = !allocation
    ? null
    : error !== null
      ? multiples.map((m) => within(m ?? 0, error))
      : sweeps >= SWEEPS_FOR_INTERVALS
        ? sweepMultiples(draws, sweeps).map((m) => defined(interval95(m)))
        : null;
  const rankOf =
    intervals &&
    rankOfMultiple(
      multiples.map((m) => m ?? 0),
      modules,
      rule,
    );

  const rows = modules.map((module, index): RankRow => {
    const { n, mean: importance } = elementAt(summaries, index);
    const standardError =
      error === null ? elementAt(summaries, index).standardError : importance * error;
    const rank = allocation?.ranks[index] ?? null;
    const interval = intervals?.[index];
    const range =
      interval && rankOf && rank !== null
        ? { low: Math.min(rank, rankOf(interval.low)), high: Math.max(rank, rankOf(interval.high)) }
        : null;
    const spread = error === null ? interval95(elementAt(draws, index)) : within(importance, error);
    return {
      index,
      module,
      draws: elementAt(draws, index),
      importance: n > 0 ? importance : null,
      standardError,
      margin: spread && spread.high - spread.mean,
      multiple: multiples[index] ?? null,
      multipleInterval: interval ? { low: Math.max(0, interval.low), high: interval.high } : null,
      rank,
      range,
      settled: range && range.low === range.high,
      parameters: rank === null ? null : rank * (module.inFeatures + module.outFeatures),
    };
  });
  return {
    rows,
    sweeps,
    allocation,
    settled: intervals && rows.filter((r) => r.settled).length,
    refusal,
  };
}

function allocated(
  importances: number[],
  modules: readonly MeasuredModule[],
  rule: AllocationSpec,
): { allocation: Allocation | null; refusal: AtlasError | null } {
  try {
    return { allocation: allocate(importances, modules, rule), refusal: null };
  } catch (error) {
    if (error instanceof AtlasError) return { allocation: null, refusal: error };
    throw error;
  }
}

/** 95 % interval of what is normal in the logarithm. */
const within = (mean: number, error: number) => ({
  mean,
  low: mean * Math.exp(-1.96 * error),
  high: mean * Math.exp(1.96 * error),
});

/**
 * By module, its multiple of the mean module in each of the first `sweeps` repeats. A sweep in
 * which nothing moved gives 1.
 */
export function sweepMultiples(draws: Draws, sweeps: number): number[][] {
  const means = Array.from(
    { length: sweeps },
    (_, k) => draws.reduce((sum, d) => sum + d[k]!, 0) / draws.length,
  );
  return draws.map((d) => means.map((mean, k) => (mean > 0 ? d[k]! / mean : 1)));
}
