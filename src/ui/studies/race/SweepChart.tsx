/** Loss over mean rank, one line per entry. Error bars are the intervals of the loss over seeds. */
import { defined, elementAt } from '../../../checked.ts';
import type { RaceEntry } from '../../../studies/race/entries.ts';
import type { RankingRow } from '../../../studies/race/ranking.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { axisOf } from '../../charts/axis.ts';
import { Chart, useScales } from '../../charts/Chart.tsx';
import { EndLabels, labelSpace } from '../../charts/EndLabels.tsx';
import { intervalPath } from '../../charts/interval.ts';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { sweepCurves } from './curves.ts';
import { LOOKS } from './look.ts';

interface Props {
  width: number;
  height: number;
  ranking: readonly RankingRow[];
  entries: readonly RaceEntry[];
  meanRanks: readonly number[];
}

export function SweepChart({ width, height, ranking, entries, meanRanks }: Props) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const losses = ranking.flatMap((s) =>
    [s.loss, s.interval?.low, s.interval?.high].filter((v) => typeof v === 'number'),
  );
  const rows = [...meanRanks]
    .sort((a, b) => a - b)
    .map((r) => ({
      x: Math.log2(r),
      ...Object.fromEntries(
        ranking.filter((s) => s.meanRank === r && s.loss !== null).map((s) => [s.entry, s.loss]),
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
        inset: { left: 10, right: 10 },
      }}
      y={axisOf(losses, n.fixed)}
      right={labelSpace(entries.map((e) => w.names[e]))}
    >
      {entries.map((entry) => (
        <SeriesLine key={entry} dataKey={entry} look={LOOKS[entry]} dots={2.5} />
      ))}
      <Intervals ranking={ranking} />
      <EndLabels
        labels={sweepCurves(ranking, entries).flatMap(({ entry, points }) =>
          points.length > 0
            ? [
                {
                  key: entry,
                  words: w.names[entry],
                  value: defined(elementAt(points, -1).loss),
                  fill: LOOKS[entry].text,
                },
              ]
            : [],
        )}
      />
    </Chart>
  );
}

function Intervals({ ranking }: Pick<Props, 'ranking'>) {
  const scales = useScales();
  if (!scales) return null;
  return ranking.map(
    ({ entry, meanRank, interval }) =>
      interval && (
        <path
          key={`${entry} ${meanRank}`}
          d={intervalPath(
            scales.x(Math.log2(meanRank)),
            scales.y(interval.low),
            scales.y(interval.high),
          )}
          stroke={LOOKS[entry].stroke}
          fill="none"
        />
      ),
  );
}
