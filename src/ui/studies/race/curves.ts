/** Converts the entries' runs of a race to chart data. Pure functions. */
import { elementAt } from '../../../checked.ts';
import type { RaceEntry } from '../../../studies/race/lanes.ts';
import type { RaceLane } from '../../../studies/race/state.ts';
import type { Standing } from '../../../studies/race/standings.ts';

export type Point = RaceLane['points'][number];

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
  lanes: readonly RaceLane[],
  entries: readonly RaceEntry[],
  meanRank: number,
): EntryCurve[] {
  return entries.flatMap((entry) => {
    const own = lanes.filter((l) => l.entry === entry && l.meanRank === meanRank);
    const through = own.filter((l) => l.finished);
    return own.length === 0
      ? []
      : [
          {
            entry,
            seeds: own.map(({ seed, points }) => ({ seed, points })),
            mean: through.length > 0 ? meanOf(through) : elementAt(own, 0).points,
          },
        ];
  });
}

function meanOf(lanes: readonly RaceLane[]): Point[] {
  return elementAt(lanes, 0).points.flatMap(({ step }) => {
    const losses = lanes.flatMap((l) => l.points.find((p) => p.step === step)?.loss ?? []);
    return losses.length === lanes.length
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

/** The standings of each entry at every mean rank with a loss, in ascending order. */
export function sweepCurves(
  standings: readonly Standing[],
  entries: readonly RaceEntry[],
): { entry: RaceEntry; points: Standing[] }[] {
  return entries.map((entry) => ({
    entry,
    points: standings
      .filter((s) => s.entry === entry && s.loss !== null)
      .sort((a, b) => a.meanRank - b.meanRank),
  }));
}
