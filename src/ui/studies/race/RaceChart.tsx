/**
 * Held-out loss by step: thin lines are seeds, thick lines their means, with the names at the ends.
 */
import { memo } from 'react';
import { elementAt } from '../../../checked.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { axisOf, wholeTicks } from '../../charts/axis.ts';
import { Chart } from '../../charts/Chart.tsx';
import { EndLabels, labelSpace } from '../../charts/EndLabels.tsx';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { chartRows, seedKey, type EntryCurve } from './curves.ts';
import { LOOKS } from './look.ts';

interface Props {
  width: number;
  height: number;
  curves: readonly EntryCurve[];
  steps: number;
  names: readonly string[];
}

/** Re-renders only when an evaluation adds a point, not after every training step. */
export const RaceChart = memo(
  function RaceChart({ width, height, curves, steps, names }: Props) {
    const words = useWords();
    const w = inLanguage(raceWords, words);
    const n = numbersOf(words.locale);
    const losses = curves.flatMap((c) =>
      [...c.mean, ...c.seeds.flatMap((s) => s.points)].map((p) => p.loss),
    );
    return (
      <Chart
        width={width}
        height={height}
        rows={chartRows(curves)}
        x={{
          domain: [0, steps],
          ticks: wholeTicks(0, steps),
          print: n.whole,
          label: w.stepAxis,
          inset: { left: 6 },
        }}
        y={axisOf(losses, n.fixed)}
        // Independent of the labels, so that the plot has the same width before and after they
        // appear.
        right={labelSpace(names.map((name) => `${name} ${n.fixed(8.888, 3)}`))}
      >
        {curves.flatMap(({ entry, seeds }) =>
          seeds.length > 1
            ? seeds.map(({ seed }) => {
                const key = seedKey(entry, seed);
                return <SeriesLine key={key} dataKey={key} look={LOOKS[entry]} dots={0} faint />;
              })
            : [],
        )}
        {curves.map(({ entry }) => (
          <SeriesLine key={entry} dataKey={entry} look={LOOKS[entry]} dots={2} />
        ))}
        <EndLabels
          labels={curves.flatMap(({ entry, mean }) => {
            const last = mean.at(-1);
            return last && last.step > 0
              ? [
                  {
                    key: entry,
                    words: `${w.names[entry]} ${n.fixed(last.loss, 3)}`,
                    value: last.loss,
                    fill: LOOKS[entry].text,
                  },
                ]
              : [];
          })}
        />
      </Chart>
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
