/** Chart during training: the loss of every batch, and the periodic held-out loss. */
import type { TrainingProgress } from '../../../studies/train/state.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { axisOf, wholeTicks } from '../../charts/axis.ts';
import { Chart } from '../../charts/Chart.tsx';
import { ChartLegend, LineKey } from '../../charts/ChartLegend.tsx';
import { look } from '../../charts/looks.ts';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { useWords } from '../../use-words.ts';
import { thinned } from './thinned.ts';

const BATCH = { ...look('uniform'), width: 1 };
const HELD = look('this');

export function TrainingChart({
  width,
  height,
  training: { losses, evaluations },
  steps,
}: {
  width: number;
  height: number;
  training: TrainingProgress;
  steps: number;
}) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const batches = thinned(
    losses.map((batch, i) => ({ x: i + 1, batch })),
    400,
  );
  const rows = new Map<number, { x: number; batch?: number; held?: number }>(
    batches.map((p) => [p.x, p]),
  );
  for (const { step, loss } of evaluations)
    rows.set(step, { ...rows.get(step), x: step, held: loss });
  return (
    <Chart
      width={width}
      height={height}
      rows={[...rows.values()].sort((a, b) => a.x - b.x)}
      x={{
        domain: [0, steps],
        ticks: wholeTicks(0, steps),
        print: n.whole,
        label: inLanguage(trainWords, words).stepAxis,
        inset: { left: 6 },
      }}
      y={axisOf([...losses, ...evaluations.map((e) => e.loss)], n.fixed)}
    >
      <SeriesLine dataKey="batch" look={BATCH} dots={0} />
      <SeriesLine dataKey="held" look={HELD} dots={2.5} />
    </Chart>
  );
}

export function TrainingLegend({ dyLora }: { dyLora: boolean }) {
  const w = inLanguage(trainWords, useWords()).legend;
  return (
    <ChartLegend
      items={[
        { key: <LineKey look={BATCH} />, words: w.batch },
        { key: <LineKey look={HELD} />, words: dyLora ? w.heldMost : w.held },
      ]}
    />
  );
}
