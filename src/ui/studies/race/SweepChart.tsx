/** Loss over mean rank, one line an allocation; bars are the intervals of the loss over seeds. */
import { CartesianGrid, Label, Line, LineChart, usePlotArea, XAxis, YAxis } from 'recharts';
import { defined, elementAt } from '../../../checked.ts';
import type { RaceEntry } from '../../../studies/race/lanes.ts';
import type { Standing } from '../../../studies/race/standings.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { apart, EndLabel, roomFor } from '../../plate/end-labels.tsx';
import { lossAxis, sweepCurves } from './curves.ts';
import { LOOKS } from './look.ts';
import { AXIS, BOTTOM, TICK, TOP } from './RaceChart.tsx';

interface Props {
  width: number;
  height: number;
  standings: readonly Standing[];
  entries: readonly RaceEntry[];
  meanRanks: readonly number[];
}

/** The lowest and highest budget stand off the edges. */
const INSET = 10;

export function SweepChart({ width, height, standings, entries, meanRanks }: Props) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const curves = sweepCurves(standings, entries);
  const from = Math.log2(Math.min(...meanRanks));
  const to = Math.log2(Math.max(...meanRanks));
  const { low, high, ticks, digits } = lossAxis(
    standings.flatMap((s) =>
      [s.loss, s.interval?.low, s.interval?.high].filter((v) => typeof v === 'number'),
    ),
  );
  const y = (loss: number) => TOP + (height - TOP - BOTTOM) * ((high - loss) / (high - low));
  const rows = [...meanRanks]
    .sort((a, b) => a - b)
    .map((r) => ({
      x: Math.log2(r),
      ...Object.fromEntries(
        standings.filter((s) => s.meanRank === r && s.loss !== null).map((s) => [s.entry, s.loss]),
      ),
    }));
  const labels = apart(
    curves.flatMap(({ entry, points }) =>
      points.length > 0
        ? [{ key: entry, words: w.names[entry], y: y(defined(elementAt(points, -1).loss)) }]
        : [],
    ),
    16,
  );
  const room = roomFor(entries.map((e) => w.names[e]));
  return (
    <LineChart
      width={width}
      height={height}
      data={rows}
      margin={{ top: TOP, right: room, bottom: 0, left: 0 }}
      accessibilityLayer={false}
    >
      <CartesianGrid vertical={false} stroke="var(--rule)" />
      <XAxis
        dataKey="x"
        type="number"
        domain={[from, to]}
        ticks={rows.map((r) => r.x)}
        tickFormatter={(x: number) => n.short(Math.round(100 * 2 ** x) / 100)}
        interval={0}
        niceTicks="none"
        height={BOTTOM}
        stroke="var(--rule2)"
        tick={TICK}
        tickLine={{ stroke: 'var(--rule2)' }}
        padding={{ left: INSET, right: INSET }}
      >
        <Label
          value={w.rankAxis}
          position="insideBottom"
          offset={2}
          style={{ fill: 'var(--ink3)' }}
        />
      </XAxis>
      <YAxis
        domain={[low, high]}
        ticks={ticks}
        tickFormatter={(v: number) => n.fixed(v, digits)}
        interval={0}
        niceTicks="none"
        width={AXIS}
        axisLine={false}
        tickLine={false}
        tick={TICK}
      />
      {entries.map((entry) => (
        <Line
          key={entry}
          dataKey={entry}
          stroke={LOOKS[entry].stroke}
          strokeWidth={2}
          strokeDasharray={LOOKS[entry].dash}
          dot={{ r: 2.5, fill: LOOKS[entry].stroke, strokeWidth: 0, strokeDasharray: '0' }}
          isAnimationActive={false}
          connectNulls
        />
      ))}
      <Whiskers
        standings={standings}
        place={(s) => (to > from ? (Math.log2(s.meanRank) - from) / (to - from) : 0)}
        height={(loss) => (high - loss) / (high - low)}
      />
      {labels.map((l) => (
        <EndLabel
          key={l.key}
          x={width - room + 7}
          y={l.y}
          words={l.words}
          fill={LOOKS[l.key as RaceEntry].text}
        />
      ))}
    </LineChart>
  );
}

/** `place` and `height` give shares of the plot. */
function Whiskers({
  standings,
  place,
  height,
}: {
  standings: readonly Standing[];
  place(s: Standing): number;
  height(loss: number): number;
}) {
  const plot = usePlotArea();
  if (!plot) return null;
  return (
    <g>
      {standings.map((s) => {
        if (!s.interval) return null;
        const x = plot.x + INSET + (plot.width - 2 * INSET) * place(s);
        const y = (loss: number) => plot.y + plot.height * height(loss);
        return (
          <path
            key={`${s.entry} ${s.meanRank}`}
            d={`M${x - 3} ${y(s.interval.low)}h6m-3 0V${y(s.interval.high)}m-3 0h6`}
            stroke={LOOKS[s.entry].stroke}
            fill="none"
          />
        );
      })}
    </g>
  );
}
