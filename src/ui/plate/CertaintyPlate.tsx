/**
 * How sure it is: the standard error of the importances after each repeat, and how many ranks are
 * settled.
 */
import { kindOfRepeats } from '../../studies/map/draws.ts';
import { useStudy } from '../../state/study-store.ts';
import { useMemo } from 'react';
import { CartesianGrid, Label, Line, LineChart, XAxis, YAxis } from 'recharts';
import { useRankTable, useWholeDraws } from '../../state/derived.ts';
import { certainty } from '../../state/series.ts';
import { useLater } from '../parts/use-later.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';
import { ChartFrame, useChartHeight } from './ChartFrame.tsx';
import { apart, EndLabel, roomFor } from './end-labels.tsx';

const TOP = 8;
const BOTTOM = 34;
const ends = [2, 5, 10, 20, 50, 100, 200];

export function CertaintyPlate() {
  const words = useWords();
  const w = words.plate;
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
  const end = ends.find((e) => e >= Math.max(0, ...points.map((p) => p.worst))) ?? 200;
  const digits = (v: number) => n.fixed(v, v < 10 ? 1 : 0);
  const y = (v: number) => TOP + (height - TOP - BOTTOM) * (1 - Math.min(end, v) / end);
  const labels = last
    ? apart(
        [
          { key: 'median', words: `${w.median} ${digits(last.median)}`, y: y(last.median) },
          { key: 'worst', words: `${w.worst} ${digits(last.worst)}`, y: y(last.worst) },
        ],
        16,
      )
    : [];
  const room = roomFor(labels.map((l) => l.words));
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
          <LineChart
            width={width}
            height={height}
            data={points}
            margin={{ top: TOP, right: room, bottom: 0, left: 0 }}
            accessibilityLayer={false}
          >
            <CartesianGrid vertical={false} stroke="var(--rule)" />
            <XAxis
              dataKey="repeats"
              type="number"
              domain={[2, lastRepeat]}
              ticks={repeatTicks(lastRepeat)}
              interval={0}
              niceTicks="none"
              height={BOTTOM}
              stroke="var(--rule2)"
              tick={{ fill: 'var(--ink2)', fontSize: 12 }}
              tickLine={{ stroke: 'var(--rule2)' }}
              padding={{ left: 6 }}
            >
              <Label
                value={counted}
                position="insideBottom"
                offset={2}
                style={{ fill: 'var(--ink3)' }}
              />
            </XAxis>
            <YAxis
              domain={[0, end]}
              ticks={[0, end / 2, end]}
              interval={0}
              niceTicks="none"
              width={30}
              axisLine={false}
              tickLine={false}
              tick={{ fill: 'var(--ink2)', fontSize: 12 }}
            />
            <Line
              dataKey="worst"
              stroke="var(--line-uniform)"
              strokeWidth={2}
              strokeDasharray="7 4"
              dot={{ r: 2.5, fill: 'var(--line-uniform)', strokeWidth: 0, strokeDasharray: '0' }}
              isAnimationActive={false}
            />
            <Line
              dataKey="median"
              stroke="var(--line-this)"
              strokeWidth={2}
              dot={{ r: 2.5, fill: 'var(--line-this)', strokeWidth: 0 }}
              isAnimationActive={false}
            />
            {labels.map((l) => (
              <EndLabel
                key={l.key}
                x={width - room + 7}
                y={l.y}
                words={l.words}
                fill={l.key === 'median' ? 'var(--line-this)' : 'var(--line-uniform)'}
              />
            ))}
          </LineChart>
        )}
      </ChartFrame>
      <div className="rule-top row">
        <span>{w.settledLine}</span>
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

function repeatTicks(end: number): number[] {
  const step = Math.max(1, Math.ceil((end - 2) / 7));
  return Array.from({ length: Math.floor((end - 2) / step) + 1 }, (_, i) => 2 + i * step);
}
