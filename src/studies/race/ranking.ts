/**
 * The ranking of a race: every entry's loss with its uncertainty, and the winner, if any.
 *
 * Entries share the seeds and, with each seed, the order of the data, so differences are paired by
 * seed. Two entries differ significantly if the 95 % t-interval of their paired difference excludes
 * zero; fewer than three seeds have no interval. A winner must be significantly lower than every
 * other entry, which compensates for choosing the lowest.
 */
import { defined, elementAt } from '../../checked.ts';
import { interval95, summarise, type Interval } from '../../methods/statistics.ts';
import type { RaceEntry } from './entries.ts';
import type { RaceRun, RaceState } from './state.ts';

export const SEEDS_FOR_INTERVALS = 3;

/** Largest relative difference in parameters at which two entries count as one budget. */
export const SAME_BUDGET = 0.02;

/**
 * Milliseconds below which an allocation needed no measurement of its own: uniform, random, and
 * inverse if AdaRank is already measured.
 */
export const OWN_TIME = 50;

export interface RankingRow {
  entry: RaceEntry;
  meanRank: number;
  /** Number of finished seeds. */
  seeds: number;
  /**
   * Mean final held-out loss in nats per token; null before the first seed has finished or if the
   * run has no finite loss.
   */
  loss: number | null;
  /** 95 % t-interval of the loss over seeds; null below three seeds. */
  interval: Interval | null;
  /**
   * Loss minus uniform's, paired by seed: mean and 95 % interval. Null without uniform and for
   * uniform itself; the interval is null below three seeds.
   */
  difference: number | null;
  differenceInterval: Interval | null;
  /** Means over seeds; only random's ranks change with the seed. */
  ranks: number;
  parameters: number;
  /** Bytes of the adapter as float32. */
  bytes: number;
  /** Training time of one seed. */
  milliseconds: number;
  /** Number of seeds stopped by a loss that is not finite. */
  stopped: number;
}

/** Final held-out losses by seed, of the finished seeds. */
export function finals(
  runs: readonly RaceRun[],
  entry: RaceEntry,
  meanRank: number,
): Map<number, number> {
  return new Map(
    runs.flatMap((l) =>
      l.entry === entry && l.meanRank === meanRank && l.finished && l.points.length > 0
        ? [[l.seed, elementAt(l.points, -1).loss]]
        : [],
    ),
  );
}

const spread = (values: readonly number[]): Interval | null =>
  values.length < SEEDS_FOR_INTERVALS ? null : interval95(values);
const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : summarise(values).mean;

/** Paired differences `a − b` over the common seeds. */
export const pairedDifferences = (
  a: ReadonlyMap<number, number>,
  b: ReadonlyMap<number, number>,
): number[] => [...a].flatMap(([seed, loss]) => (b.has(seed) ? [loss - defined(b.get(seed))] : []));

/** One row for every mean rank and entry with at least one run, in the experiment's order. */
export function rankingOf({
  spec: { race },
  lanes,
}: Pick<RaceState, 'spec' | 'lanes'>): RankingRow[] {
  return race.meanRanks.flatMap((meanRank) =>
    race.entries.flatMap((entry): RankingRow[] => {
      const own = lanes.filter((l) => l.entry === entry && l.meanRank === meanRank);
      if (own.length === 0) return [];
      const losses = finals(lanes, entry, meanRank);
      const values = [...losses.values()];
      const toUniform =
        entry === 'uniform' ? [] : pairedDifferences(losses, finals(lanes, 'uniform', meanRank));
      const of = (value: (run: RaceRun) => number, from = own) => mean(from.map(value)) ?? 0;
      const parameters = of((l) => l.parameters);
      const finished = own.filter((l) => l.finished);
      return [
        {
          entry,
          meanRank,
          seeds: losses.size,
          loss: mean(values),
          interval: spread(values),
          difference: mean(toUniform),
          differenceInterval: spread(toUniform),
          ranks: of((l) => l.ranks.reduce((a, b) => a + b, 0)),
          parameters,
          bytes: 4 * parameters,
          milliseconds: of((l) => l.milliseconds, finished.length > 0 ? finished : own),
          stopped: own.filter((l) => l.stopped !== null).length,
        },
      ];
    }),
  );
}

export type Verdict =
  /** Not all seeds have finished. */
  | { kind: 'open' }
  /** Too few seeds for an interval: the lowest entry and its margin over the next. */
  | { kind: 'few'; lowest: RaceEntry; next: RaceEntry; margin: number }
  /**
   * Significantly lower than every other entry. `lead` is the interval of the difference to the
   * next.
   */
  | { kind: 'winner'; entry: RaceEntry; next: RaceEntry; lead: Interval }
  /**
   * No entry is significantly lower than all others. `entries` are significantly lower than
   * uniform, lowest first. `differing`: the pairs of them that differ significantly, lower entry
   * first. `likeRandom`: those of them not significantly lower than random; empty without random.
   */
  | {
      kind: 'better';
      entries: RaceEntry[];
      differing: [RaceEntry, RaceEntry][];
      likeRandom: RaceEntry[];
    }
  /** No entry is significantly lower than uniform (without uniform: than all others). */
  | { kind: 'none' };

/** The finding of the race at one mean rank. */
export function verdictOf(
  { spec: { race }, lanes }: Pick<RaceState, 'spec' | 'lanes'>,
  meanRank: number,
): Verdict {
  const losses = new Map(race.entries.map((entry) => [entry, finals(lanes, entry, meanRank)]));
  if (race.entries.some((entry) => defined(losses.get(entry)).size < race.seeds))
    return { kind: 'open' };
  const order = race.entries
    .map((entry) => ({ entry, loss: summarise([...defined(losses.get(entry)).values()]).mean }))
    .sort((a, b) => a.loss - b.loss);
  const [first, second] = [elementAt(order, 0), elementAt(order, 1)];
  if (race.seeds < SEEDS_FOR_INTERVALS)
    return {
      kind: 'few',
      lowest: first.entry,
      next: second.entry,
      margin: second.loss - first.loss,
    };
  const below = (a: RaceEntry, b: RaceEntry) =>
    defined(interval95(pairedDifferences(defined(losses.get(b)), defined(losses.get(a)))));
  if (order.slice(1).every(({ entry }) => below(first.entry, entry).low > 0))
    return {
      kind: 'winner',
      entry: first.entry,
      next: second.entry,
      lead: below(first.entry, second.entry),
    };
  const better = race.entries.includes('uniform')
    ? order.flatMap(({ entry }) =>
        entry !== 'uniform' && below(entry, 'uniform').low > 0 ? [entry] : [],
      )
    : [];
  if (better.length === 0) return { kind: 'none' };
  const differing = better.flatMap((a, i) =>
    better
      .slice(i + 1)
      .flatMap((b): [RaceEntry, RaceEntry][] => (below(a, b).low > 0 ? [[a, b]] : [])),
  );
  const likeRandom = race.entries.includes('random')
    ? better.filter((entry) => entry !== 'random' && below(entry, 'random').low <= 0)
    : [];
  return { kind: 'better', entries: better, differing, likeRandom };
}

/** An entry whose loss differs significantly from the reference's. */
export interface Apart {
  entry: RaceEntry;
  /** 95 % t-interval of its loss minus the reference's, paired by seed. */
  difference: Interval;
}

export type SweepVerdict =
  /** Not all runs have finished. */
  | { kind: 'open' }
  /** Fewer than three seeds: no interval, so no answer. The budget with the largest range. */
  | { kind: 'few'; widest: { meanRank: number; range: number } }
  /** Every mean rank with the entries that differ there, and the number of intervals. */
  | {
      kind: 'found';
      reference: RaceEntry;
      budgets: { meanRank: number; apart: Apart[] }[];
      intervals: number;
    };

/** The entry that the others of a race are compared with: uniform, or else the first. */
export const referenceOf = ({ entries }: RaceState['spec']['race']): RaceEntry =>
  entries.includes('uniform') ? 'uniform' : elementAt(entries, 0);

/** An entry's loss minus the reference's at one mean rank, paired by seed. */
export interface SweepPoint {
  entry: RaceEntry;
  meanRank: number;
  difference: number;
  /** 95 % t-interval; null below three seeds. */
  interval: Interval | null;
}

/** The differences of a sweep, of the seeds that have finished, by mean rank in ascending order. */
export function sweepPoints({
  spec: { race },
  lanes,
}: Pick<RaceState, 'spec' | 'lanes'>): SweepPoint[] {
  const reference = referenceOf(race);
  return [...race.meanRanks]
    .sort((a, b) => a - b)
    .flatMap((meanRank) =>
      race.entries.flatMap((entry): SweepPoint[] => {
        const differences = pairedDifferences(
          finals(lanes, entry, meanRank),
          finals(lanes, reference, meanRank),
        );
        const difference = mean(differences);
        return entry === reference || difference === null
          ? []
          : [{ entry, meanRank, difference, interval: spread(differences) }];
      }),
    );
}

/**
 * At which mean ranks the allocations differ: an entry differs from the reference if the interval
 * of its difference excludes zero. Not corrected for the number of intervals.
 */
export function sweepVerdictOf(state: Pick<RaceState, 'spec' | 'lanes'>): SweepVerdict {
  const { race } = state.spec;
  const meanRanks = [...race.meanRanks].sort((a, b) => a - b);
  const losses = (entry: RaceEntry, meanRank: number) => finals(state.lanes, entry, meanRank);
  if (race.entries.some((e) => meanRanks.some((r) => losses(e, r).size < race.seeds)))
    return { kind: 'open' };
  if (race.seeds < SEEDS_FOR_INTERVALS) {
    const ranges = meanRanks.map((meanRank) => {
      const means = race.entries.map((e) => defined(mean([...losses(e, meanRank).values()])));
      return { meanRank, range: Math.max(...means) - Math.min(...means) };
    });
    return { kind: 'few', widest: ranges.reduce((a, b) => (b.range > a.range ? b : a)) };
  }
  const points = sweepPoints(state);
  return {
    kind: 'found',
    reference: referenceOf(race),
    budgets: meanRanks.map((meanRank) => ({
      meanRank,
      apart: points.flatMap(({ entry, meanRank: r, interval: difference }): Apart[] =>
        r === meanRank && difference && (difference.low > 0 || difference.high < 0)
          ? [{ entry, difference }]
          : [],
      ),
    })),
    intervals: points.length,
  };
}

/**
 * Largest relative difference in parameters between entries at a mean rank, relative to the fewest;
 * 0 before any run.
 */
export function parameterSpread(ranking: readonly RankingRow[], meanRank: number): number {
  const counts = ranking.filter((s) => s.meanRank === meanRank).map((s) => s.parameters);
  return counts.length === 0 ? 0 : Math.max(...counts) / Math.min(...counts) - 1;
}
