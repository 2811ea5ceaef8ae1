/** Converts the entries' runs of a race to chart data. Pure functions. */
import { elementAt } from '../../../checked.ts';
import type { RaceEntry } from '../../../studies/race/entries.ts';
import type { RaceRun } from '../../../studies/race/state.ts';

export type Point = RaceRun['points'][number];

export interface EntryCurve {
  entry: RaceEntry;
  /** The points of each seed. */
  seeds: { seed: number; points: readonly Point[] }[];
  /**
   * Mean over the finished seeds, at steps where all of them have a point. Until a seed has
   * finished: the points of the first seed.
   */
  mean: readonly Point[];
}

/** One curve per entry, in the race's order. Omits entries that have not started. */
export function curvesOf(
  runs: readonly RaceRun[],
  entries: readonly RaceEntry[],
  meanRank: number,
): EntryCurve[] {
  return entries.flatMap((entry) => {
    const own = runs.filter((l) => l.entry === entry && l.meanRank === meanRank);
    const finished = own.filter((l) => l.finished);
    return own.length === 0
      ? []
      : [
          {
            entry,
            seeds: own.map(({ seed, points }) => ({ seed, points })),
            mean: finished.length > 0 ? meanOf(finished) : elementAt(own, 0).points,
          },
        ];
  });
}

function meanOf(runs: readonly RaceRun[]): Point[] {
  return elementAt(runs, 0).points.flatMap(({ step }) => {
    const losses = runs.flatMap((l) => l.points.find((p) => p.step === step)?.loss ?? []);
    return losses.length === runs.length
      ? [{ step, loss: losses.reduce((a, b) => a + b, 0) / losses.length }]
      : [];
  });
}

/** Column names in a chart's rows: the entry for its mean, and this key for one of its seeds. */
export const seedKey = (entry: RaceEntry, seed: number): string => `${entry} ${seed}`;

type Row = { x: number } & Record<string, number>;

/** One row per step `x`: `{ x: 10, adarank: 3.2, 'adarank 1': 3.1, … }`. */
export function chartRows(curves: readonly EntryCurve[]): Row[] {
  const rows = new Map<number, Row>();
  const put = (key: string, points: readonly Point[]) => {
    for (const { step, loss } of points)
      rows.set(step, { ...(rows.get(step) ?? { x: step }), [key]: loss });
  };
  for (const { entry, seeds, mean } of curves) {
    put(entry, mean);
    if (seeds.length > 1) for (const { seed, points } of seeds) put(seedKey(entry, seed), points);
  }
  return [...rows.values()].sort((a, b) => a.x - b.x);
}
