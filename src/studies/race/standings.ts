/**
 * What a race says: every entry's loss with its uncertainty, and who won, if anybody did.
 *
 * Statistics. Entries share the seeds, and with a seed the order of the data, so an entry is
 * compared with another one seed by seed: the 95 % t-interval is that of the differences. An entry
 * wins only if it lies below every other one by such an interval; that it must beat all of them
 * pays for having been picked as the lowest. Fewer than three seeds have no interval. Of any two
 * entries it is said that they part, or that they cannot be told apart, by the interval of these
 * two and no other.
 */
import { defined, elementAt } from '../../checked.ts';
import { interval95, summarise, type Interval } from '../../methods/statistics.ts';
import type { RaceEntry } from './lanes.ts';
import type { RaceLane, RaceState } from './state.ts';

export const SEEDS_FOR_INTERVALS = 3;

/** Parameters may differ by so much before they cannot be called the same budget. */
export const SAME_BUDGET = 0.02;

/**
 * Milliseconds below which an allocation was not measured by itself: uniform, random, and the
 * inverse of what is known already.
 */
export const OWN_TIME = 20;

export interface Standing {
  entry: RaceEntry;
  meanRank: number;
  /** Seeds that are through. */
  seeds: number;
  /**
   * Mean held-out loss at the end, nats per token; null before the first seed is through, or where
   * it is no number.
   */
  loss: number | null;
  /** 95 % t-interval of the loss over seeds; null below three. */
  interval: Interval | null;
  /**
   * Loss less uniform's, by seed: mean and 95 % interval; null without uniform, for uniform itself,
   * and below three seeds (interval).
   */
  difference: number | null;
  differenceInterval: Interval | null;
  /** Means over seeds; only random's ranks change with the seed. */
  ranks: number;
  parameters: number;
  /** Of the adapter as float32. */
  bytes: number;
  /** Of training, one seed. */
  milliseconds: number;
  /** Seeds in which the loss became no number. */
  stopped: number;
}

/** Held-out losses at the end by seed, of the seeds that are through. */
export function finals(
  lanes: readonly RaceLane[],
  entry: RaceEntry,
  meanRank: number,
): Map<number, number> {
  return new Map(
    lanes.flatMap((l) =>
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

/** Differences `a − b` over the seeds both have. */
export const apart = (a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number[] =>
  [...a].flatMap(([seed, loss]) => (b.has(seed) ? [loss - defined(b.get(seed))] : []));

/** One standing for every mean rank and entry that has begun, in the experiment's order. */
export function standingsOf({
  spec: { race },
  lanes,
}: Pick<RaceState, 'spec' | 'lanes'>): Standing[] {
  return race.meanRanks.flatMap((meanRank) =>
    race.entries.flatMap((entry): Standing[] => {
      const own = lanes.filter((l) => l.entry === entry && l.meanRank === meanRank);
      if (own.length === 0) return [];
      const losses = finals(lanes, entry, meanRank);
      const values = [...losses.values()];
      const toUniform =
        entry === 'uniform' ? [] : apart(losses, finals(lanes, 'uniform', meanRank));
      const of = (value: (lane: RaceLane) => number, from = own) => mean(from.map(value)) ?? 0;
      const parameters = of((l) => l.parameters);
      const through = own.filter((l) => l.finished);
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
          milliseconds: of((l) => l.milliseconds, through.length > 0 ? through : own),
          stopped: own.filter((l) => l.stopped !== null).length,
        },
      ];
    }),
  );
}

export type Verdict =
  /** Not all seeds are through. */
  | { kind: 'open' }
  /** Too few seeds for an interval: who is lowest, and by how much over the next. */
  | { kind: 'few'; lowest: RaceEntry; next: RaceEntry; margin: number }
  /** Below every other one; the interval is that of its lead over the next. */
  | { kind: 'winner'; entry: RaceEntry; next: RaceEntry; lead: Interval }
  /**
   * None is below all others; these are below uniform, the lowest first. `parted`: every pair of
   * them whose interval excludes zero, the lower one first. `likeRandom`: those of them that are
   * not below random by an interval; none where random does not race.
   */
  | {
      kind: 'better';
      entries: RaceEntry[];
      parted: [RaceEntry, RaceEntry][];
      likeRandom: RaceEntry[];
    }
  /** Nothing is surely below uniform (or, without it, below all others). */
  | { kind: 'none' };

/** What can be said of the race at one mean rank. */
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
    defined(interval95(apart(defined(losses.get(b)), defined(losses.get(a)))));
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
  const parted = better.flatMap((a, i) =>
    better
      .slice(i + 1)
      .flatMap((b): [RaceEntry, RaceEntry][] => (below(a, b).low > 0 ? [[a, b]] : [])),
  );
  const likeRandom = race.entries.includes('random')
    ? better.filter((entry) => entry !== 'random' && below(entry, 'random').low <= 0)
    : [];
  return { kind: 'better', entries: better, parted, likeRandom };
}

/**
 * How far the entries' parameters lie apart at a mean rank, as a share of the fewest; 0 before they
 * have begun.
 */
export function parametersApart(standings: readonly Standing[], meanRank: number): number {
  const counts = standings.filter((s) => s.meanRank === meanRank).map((s) => s.parameters);
  return counts.length === 0 ? 0 : Math.max(...counts) / Math.min(...counts) - 1;
}
