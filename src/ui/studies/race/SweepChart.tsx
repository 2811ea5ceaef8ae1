/**
 * Difference of each entry's loss to the reference's over mean rank, one line per entry. The bars
 * are the intervals on which the finding rests; the line at zero is the reference.
 */
import { ReferenceLine } from 'recharts';
import type { RaceEntry } from '../../../studies/race/entries.ts';
import type { SweepPoint } from '../../../studies/race/ranking.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { axisOf } from '../../charts/axis.ts';
import { Chart, useScales } from '../../charts/Chart.tsx';
import { EndLabels, labelSpace } from '../../charts/EndLabels.tsx';
import { intervalPath } from '../../charts/interval.ts';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { LOOKS } from './look.ts';

interface Props {
  width: number;
  height: number;
  points: readonly SweepPoint[];
  entries: readonly RaceEntry[];
  reference: RaceEntry;
  meanRanks: readonly number[];
}

export function SweepChart({ width, height, points, entries, reference, meanRanks }: Props) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const values = points.flatMap((p) => [
    p.difference,
    ...(p.interval ? [p.interval.low, p.interval.high] : []),
  ]);
  const of = (entry: RaceEntry) => points.filter((p) => p.entry === entry);
  const rows = [...meanRanks]
    .sort((a, b) => a - b)
    .map((r) => ({
      x: Math.log2(r),
      ...Object.fromEntries(
        points.filter((p) => p.meanRank === r).map((p) => [p.entry, p.difference]),
      ),
    }));
  return (
    <Chart
      width={width}
      height={height}
      rows={rows}
      x={{
        domain: [Math.log2(Math.min(...meanRanks)), Math.log2(Math.max(...meanRanks))],
        ticks: rows.map((r) => r.x),
        print: (x) => n.short(Math.round(100 * 2 ** x) / 100),
        label: w.rankAxis,
        inset: { left: 14, right: 14 },
      }}
      y={axisOf(values.length > 0 ? [0, ...values] : [], n.fixed)}
      right={labelSpace(entries.map((e) => w.names[e]))}
    >
      <ReferenceLine
        y={0}
        stroke={LOOKS[reference].stroke}
        strokeDasharray={LOOKS[reference].dash}
        strokeWidth={1.5}
      />
      {entries.map((entry) => (
        <SeriesLine key={entry} dataKey={entry} look={LOOKS[entry]} dots={2.5} />
      ))}
      <Intervals points={points} entries={entries} />
      <EndLabels
        labels={entries.flatMap((entry) => {
          const value = entry === reference ? 0 : of(entry).at(-1)?.difference;
          return value === undefined || points.length === 0
            ? []
            : [{ key: entry, words: w.names[entry], value, fill: LOOKS[entry].text }];
        })}
      />
    </Chart>
  );
}

/** Pixels between the intervals of two entries at one mean rank. */
const BETWEEN = 5;

function Intervals({ points, entries }: Pick<Props, 'points' | 'entries'>) {
  const scales = useScales();
  if (!scales) return null;
  const drawn = entries.filter((e) => points.some((p) => p.entry === e));
  return points.map(
    ({ entry, meanRank, interval }) =>
      interval && (
        <path
          key={`${entry} ${meanRank}`}
          d={intervalPath(
            scales.x(Math.log2(meanRank)) +
              BETWEEN * (drawn.indexOf(entry) - (drawn.length - 1) / 2),
            scales.y(interval.low),
            scales.y(interval.high),
          )}
          stroke={LOOKS[entry].stroke}
          fill="none"
        />
      ),
  );
}
