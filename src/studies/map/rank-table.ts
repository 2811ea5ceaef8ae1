/**
 * The table of importances and ranks that page, terminal and exports share: one row per module,
 * computed from its draws. It is pure and fast, so the budget slider updates the ranks within a
 * frame.
 *
 * Uncertainty of a rank: in each complete sweep, a module's multiple is its draw divided by the
 * mean draw of all modules. The rank rule maps the 95 % t-interval of these multiples to the ranks
 * `low … high`. If they are equal, the rank is settled. A method that knows its error provides the
 * interval itself, from the first map on.
 */
import { defined, elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import {
  allocate,
  fullRank,
  rankOfMultiple,
  type Allocation,
} from '../../methods/allocation/allocate.ts';
import { interval95 } from '../../methods/statistics.ts';
import { mapsOf, summariesOf, sweepsOf, type Draws, type Maps } from './draws.ts';
import { measuredIn, type MeasuredModule, type RunResult } from './result.ts';
import type { AllocationSpec } from '../../spec/spec.ts';

/** Minimum number of sweeps for an interval: with two, t is 12.7 and the interval is useless. */
export const SWEEPS_FOR_INTERVALS = 3;

export interface RankRow {
  /** Position in the model's list of modules. */
  index: number;
  module: MeasuredModule;
  draws: readonly number[];
  /** Mean of the draws; null before the first. */
  importance: number | null;
  standardError: number | null;
  /** Half-width of the importance's 95 % t-interval; null with fewer than two draws. */
  margin: number | null;
  /** Importance divided by the mean importance of the modules measured so far. */
  multiple: number | null;
  /** 95 % interval of the multiple; null before enough sweeps. */
  multipleInterval: { low: number; high: number } | null;
  /** null until every module has a draw. */
  rank: number | null;
  /** Ranks within the interval, including `rank`; null before enough sweeps. */
  range: { low: number; high: number } | null;
  /** Whether the range is one rank; null before enough sweeps. */
  settled: boolean | null;
  /** Parameters of the adapter, rank · (in + out). */
  parameters: number | null;
}

export interface RankTable {
  rows: RankRow[];
  sweeps: number;
  /** The ranks and the spent budget; null until every module has a draw. */
  allocation: Allocation | null;
  /** Number of settled modules; null before enough sweeps. */
  settled: number | null;
  /** Why there are no ranks although every module has a draw. */
  refusal: AtlasError | null;
}

/** The input of a table: `draws[i]` are the draws of `modules[i]`. */
export interface Mapped {
  modules: readonly MeasuredModule[];
  draws: Draws;
  error?: Maps['error'];
}

/** The input for a finished run. */
export const mappedBy = (result: RunResult): Mapped => ({
  modules: result.modules,
  ...mapsOf(result.spec.method, result.modules, measuredIn(result)),
});

/** Never throws because of importances: `refusal` holds the error. */
export function rankTable(
  { modules, draws, error = null }: Mapped,
  rule: AllocationSpec,
): RankTable {
  const sweeps = sweepsOf(draws);
  const summaries = summariesOf({ draws, error });
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
    const { n, mean: importance, standardError } = elementAt(summaries, index);
    const rank = allocation?.ranks[index] ?? null;
    const interval = intervals?.[index];
    const range =
      interval && rankOf && rank !== null
        ? {
            low: Math.min(rank, rankOf(interval.low, index)),
            high: Math.max(rank, rankOf(interval.high, index)),
          }
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

/** The table of given ranks, such as an adapter's. Multiples are those of their mean. */
export function tableOfRanks(
  modules: readonly MeasuredModule[],
  ranks: readonly number[],
): RankTable {
  const mean = ranks.reduce((a, b) => a + b, 0) / ranks.length;
  const parameters = modules.map((m, i) => ranks[i]! * (m.inFeatures + m.outFeatures));
  return {
    rows: modules.map((module, index) => ({
      index,
      module,
      draws: [],
      importance: null,
      standardError: null,
      margin: null,
      multiple: mean > 0 ? ranks[index]! / mean : 0,
      multipleInterval: null,
      rank: ranks[index]!,
      range: null,
      settled: null,
      parameters: parameters[index]!,
    })),
    sweeps: 1,
    allocation: {
      ranks: [...ranks],
      budget: mean * ranks.length,
      spent: mean * ranks.length,
      parameters: parameters.reduce((a, b) => a + b, 0),
      full: ranks.filter((r, i) => r === fullRank(elementAt(modules, i))).length,
    },
    settled: null,
    refusal: null,
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

/** 95 % interval of a value with normally distributed logarithm. */
const within = (mean: number, error: number) => ({
  mean,
  low: mean * Math.exp(-1.96 * error),
  high: mean * Math.exp(1.96 * error),
});

/**
 * By module, its multiple of the mean module in each of the first `sweeps` repeats. A sweep with
 * only zeros gives 1.
 */
export function sweepMultiples(draws: Draws, sweeps: number): number[][] {
  const means = Array.from(
    { length: sweeps },
    (_, k) => draws.reduce((sum, d) => sum + d[k]!, 0) / draws.length,
  );
  return draws.map((d) => means.map((mean, k) => (mean > 0 ? d[k]! / mean : 1)));
}
