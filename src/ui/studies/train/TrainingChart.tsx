/** While it trains: the loss of every step's batch, and the held-out loss now and then. */
import { CartesianGrid, Label, Line, LineChart, XAxis, YAxis } from 'recharts';
import type { TrainingProgress } from '../../../studies/train/state.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';
import { thinned } from './thinned.ts';

const TICK = { fill: 'var(--ink2)', fontSize: 12 };

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
    losses.map((batch, i) => ({ step: i + 1, batch })),
    400,
  );
  const rows = new Map<number, { step: number; batch?: number; held?: number }>(
    batches.map((p) => [p.step, p]),
  );
  for (const { step, loss } of evaluations) rows.set(step, { ...rows.get(step), step, held: loss });
  const data = [...rows.values()].sort((a, b) => a.step - b.step);
  const all = [...losses, ...evaluations.map((e) => e.loss)];
  const low = Math.floor(2 * Math.min(...all, Infinity)) / 2;
  const high = Math.ceil(2 * Math.max(...all, -Infinity)) / 2;
  const [bottom, top] = all.length > 0 ? [low, Math.max(high, low + 0.5)] : [0, 1];
  return (
    <LineChart
      width={width}
      height={height}
      data={data}
      margin={{ top: 8, right: 12, bottom: 0, left: 0 }}
      accessibilityLayer={false}
    >
      <CartesianGrid vertical={false} stroke="var(--rule)" />
      <XAxis
        dataKey="step"
        type="number"
        domain={[0, steps]}
        ticks={[0, Math.round(steps / 2), steps]}
        interval={0}
        niceTicks="none"
        height={34}
        stroke="var(--rule2)"
        tick={TICK}
        tickLine={{ stroke: 'var(--rule2)' }}
      >
        <Label
          value={inLanguage(trainWords, words).stepAxis}
          position="insideBottom"
          offset={4}
          style={{ fill: 'var(--ink3)' }}
        />
      </XAxis>
      <YAxis
        domain={[bottom, top]}
        ticks={[bottom, (bottom + top) / 2, top]}
        tickFormatter={(v: number) => n.fixed(v, 2)}
        interval={0}
        niceTicks="none"
        width={44}
        axisLine={false}
        tickLine={false}
        tick={TICK}
      />
      <Line
        dataKey="batch"
        stroke="var(--line-uniform)"
        strokeWidth={1}
        dot={false}
        isAnimationActive={false}
        connectNulls
      />
      <Line
        dataKey="held"
        stroke="var(--line-this)"
        strokeWidth={2}
        dot={{ r: 2.5, fill: 'var(--line-this)', strokeWidth: 0 }}
        isAnimationActive={false}
        connectNulls
      />
    </LineChart>
  );
}

export function TrainingLegend({ dyLora }: { dyLora: boolean }) {
  const w = inLanguage(trainWords, useWords()).legend;
  return (
    <ul className="rank-legend small ink2">
      <li>
        <svg width="18" height="8" aria-hidden="true">
          <path d="M0 4h18" stroke="var(--line-uniform)" />
        </svg>
        {w.batch}
      </li>
      <li>
        <svg width="18" height="8" aria-hidden="true">
          <path d="M0 4h18" stroke="var(--line-this)" strokeWidth="2" />
        </svg>
        {dyLora ? w.heldMost : w.held}
      </li>
    </ul>
  );
}
