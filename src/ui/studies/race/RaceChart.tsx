/**
 * Held-out loss by step: thin lines are seeds, thick ones their mean; names stand at the lines'
 * ends.
 */
import { memo } from 'react';
import { CartesianGrid, Label, Line, LineChart, XAxis, YAxis } from 'recharts';
import { defined, elementAt } from '../../../checked.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { apart, EndLabel, roomFor } from '../../plate/end-labels.tsx';
import { chartRows, lossAxis, seedKey, type EntryCurve } from './curves.ts';
import { LOOKS } from './look.ts';

export const TOP = 8;
export const BOTTOM = 34;
export const AXIS = 36;
export const TICK = { fill: 'var(--ink2)', fontSize: 12 };

interface Props {
  width: number;
  height: number;
  curves: readonly EntryCurve[];
  steps: number;
  names: readonly string[];
}

/** Drawn anew only when a point is: steps in between move nothing here. */
export const RaceChart = memo(
  function RaceChart({ width, height, curves, steps, names }: Props) {
    const words = useWords();
    const w = inLanguage(raceWords, words);
    const n = numbersOf(words.locale);
    const { low, high, ticks, digits } = lossAxis(
      curves.flatMap((c) => [...c.mean, ...c.seeds.flatMap((s) => s.points)].map((p) => p.loss)),
    );
    const y = (loss: number) => TOP + (height - TOP - BOTTOM) * ((high - loss) / (high - low));
    const labels = apart(
      curves.flatMap(({ entry, mean }) => {
        const last = mean.at(-1);
        return last && last.step > 0
          ? [{ key: entry, words: `${w.names[entry]} ${n.fixed(last.loss, 3)}`, y: y(last.loss) }]
          : [];
      }),
      16,
    );
    // The same before there are labels: the plot keeps its width.
    const room = roomFor(names.map((name) => `${name} ${n.fixed(8.888, 3)}`));
    return (
      <LineChart
        width={width}
        height={height}
        data={curves.length > 0 ? chartRows(curves) : [{ step: 0 }]}
        margin={{ top: TOP, right: room, bottom: 0, left: 0 }}
        accessibilityLayer={false}
      >
        <CartesianGrid vertical={false} stroke="var(--rule)" />
        <XAxis
          dataKey="step"
          type="number"
          domain={[0, steps]}
          ticks={stepTicks(steps)}
          interval={0}
          niceTicks="none"
          height={BOTTOM}
          stroke="var(--rule2)"
          tick={TICK}
          tickLine={{ stroke: 'var(--rule2)' }}
          padding={{ left: 6 }}
        >
          <Label
            value={w.stepAxis}
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
        {curves.flatMap(({ entry, seeds }) =>
          seeds.length > 1
            ? seeds.map(({ seed }) => (
                <Line
                  key={seedKey(entry, seed)}
                  dataKey={seedKey(entry, seed)}
                  stroke={LOOKS[entry].stroke}
                  strokeWidth={1}
                  strokeOpacity={0.5}
                  strokeDasharray={LOOKS[entry].dash}
                  dot={false}
                  isAnimationActive={false}
                  connectNulls
                />
              ))
            : [],
        )}
        {curves.map(({ entry }) => (
          <Line
            key={entry}
            dataKey={entry}
            stroke={LOOKS[entry].stroke}
            strokeWidth={2}
            strokeDasharray={LOOKS[entry].dash}
            dot={{ r: 2, fill: LOOKS[entry].stroke, strokeWidth: 0, strokeDasharray: '0' }}
            isAnimationActive={false}
            connectNulls
          />
        ))}
        {labels.map((l) => (
          <EndLabel
            key={l.key}
            x={width - room + 7}
            y={l.y}
            words={l.words}
            fill={LOOKS[l.key as keyof typeof LOOKS].text}
          />
        ))}
      </LineChart>
    );
  },
  (a, b) =>
    a.width === b.width &&
    a.height === b.height &&
    a.steps === b.steps &&
    a.names.join() === b.names.join() &&
    sameCurves(a.curves, b.curves),
);

const sameCurves = (a: readonly EntryCurve[], b: readonly EntryCurve[]): boolean =>
  a.length === b.length &&
  a.every((c, i) => {
    const d = elementAt(b, i);
    return (
      c.entry === d.entry &&
      c.mean.length === d.mean.length &&
      c.mean.at(-1)?.loss === d.mean.at(-1)?.loss &&
      c.seeds.length === d.seeds.length &&
      c.seeds.every((s, j) => s.points === elementAt(d.seeds, j).points)
    );
  });

/** Six ticks at most, the last step among them where they fall on it. */
function stepTicks(steps: number): number[] {
  const wanted = steps / 5;
  const size = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  const step = defined([1, 2, 5, 10].map((k) => k * size).find((s) => s >= wanted));
  return Array.from({ length: Math.floor(steps / step) + 1 }, (_, i) => i * step);
}
