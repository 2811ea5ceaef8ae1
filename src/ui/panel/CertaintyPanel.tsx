/**
 * Panel of convergence: the standard error of the importances after each repeat, and the number of
 * settled ranks.
 */
import { kindOfRepeats } from '../../studies/map/draws.ts';
import { useStudy } from '../../state/study-store.ts';
import { useMemo } from 'react';
import { useRankTable, useWholeDraws } from '../../state/derived.ts';
import { certainty } from '../../state/series.ts';
import { axisOf, wholeTicks } from '../charts/axis.ts';
import { Chart } from '../charts/Chart.tsx';
import { ChartFrame, useChartHeight } from '../charts/ChartFrame.tsx';
import { EndLabels, labelSpace } from '../charts/EndLabels.tsx';
import { look } from '../charts/looks.ts';
import { SeriesLine } from '../charts/SeriesLine.tsx';
import { useLater } from '../parts/use-later.ts';
import { numbersOf } from '../../language/numbers.ts';
import { certaintyWords } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';

const looks = { median: look('this'), worst: look('uniform', '7 4') };

export function CertaintyPanel() {
  const words = useWords();
  const w = words.panel;
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const draws = useLater(useWholeDraws());
  const method = useStudy((s) => s.states.map?.spec.method);
  const asked = method?.repeats ?? 5;
  const counted =
    method && kindOfRepeats(method) === 'pass' ? words.methods.axis : w.convergenceAxis;
  const table = useRankTable();
  const points = useMemo(() => (draws ? certainty(draws) : []), [draws]);
  const last = points.at(-1);
  const empty = !last;
  const digits = (v: number) => n.fixed(v, v < 10 ? 1 : 0);
  const labels = last
    ? (['median', 'worst'] as const).map((key) => ({
        key,
        words: `${w[key]} ${digits(last[key])}`,
        value: last[key],
        fill: looks[key].text,
      }))
    : [];
  const space = labelSpace(labels.map((l) => l.words));
  const lastRepeat = Math.max(3, asked);
  return (
    <>
      <ChartFrame
        title={w.convergenceTitle}
        finding={last ? w.convergenceFinding(last.median) : w.convergenceEmpty}
        note={last ? w.convergenceNote : w.convergenceEmptyNote}
        empty={empty}
        unit={w.errorAxis}
        height={height}
        data={{
          columns: [counted, `${w.median} %`, `${w.worst} %`],
          rows: points.map((p) => [p.repeats, p.median, p.worst]),
        }}
        print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 2))}
      >
        {(width) => (
          <Chart
            width={width}
            height={height}
            rows={points.map((p) => ({ x: p.repeats, median: p.median, worst: p.worst }))}
            x={{
              domain: [2, lastRepeat],
              ticks: wholeTicks(2, lastRepeat),
              print: n.whole,
              label: counted,
              inset: { left: 6 },
            }}
            y={axisOf(last ? [0, ...points.map((p) => p.worst)] : [], n.fixed)}
            right={space}
          >
            <SeriesLine dataKey="worst" look={looks.worst} dots={2.5} />
            <SeriesLine dataKey="median" look={looks.median} dots={2.5} />
            <EndLabels labels={labels} />
          </Chart>
        )}
      </ChartFrame>
      <div className="rule-top row">
        <span>{certaintyWords(words, method?.name).count}</span>
        <b>
          {table.settled === null
            ? '–'
            : `${n.whole(table.settled)} / ${n.whole(table.rows.length)}`}
        </b>
      </div>
      {method && <p className="small ink2">{words.methods.of[method.name].ranges}</p>}
    </>
  );
}
