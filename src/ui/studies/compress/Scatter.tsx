/**
 * Predicted against measured change of the loss: small removals on the left, trials on the right,
 * each with its own scale.
 */
import { ReferenceLine } from 'recharts';
import type { Check, Trial } from '../../../studies/compress/state.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { axisOf } from '../../charts/axis.ts';
import { Chart, leftOf } from '../../charts/Chart.tsx';
import { Points } from '../../charts/Points.tsx';
import { useWords } from '../../use-words.ts';

interface Point {
  predicted: number;
  measured: number;
  filled: boolean;
}

function Plot({
  width,
  height,
  title,
  points,
  colour,
}: {
  width: number;
  height: number;
  title: string;
  points: readonly Point[];
  colour: string;
}) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const withZero = (values: number[]) => (values.length > 0 ? [0, ...values] : []);
  const x = axisOf(withZero(points.map((p) => p.predicted)), n.fixed, 2);
  const y = axisOf(withZero(points.map((p) => p.measured)), n.fixed);
  // The diagonal where the prediction equals the measurement, within both ranges.
  const from = Math.max(x.domain[0], y.domain[0]);
  const to = Math.min(x.domain[1], y.domain[1]);
  return (
    <Chart
      width={width}
      height={height}
      rows={points.map((p) => ({ ...p, x: p.predicted }))}
      x={{ ...x, label: inLanguage(compressWords, words).predicted, rules: true }}
      y={y}
      top={20}
      right={16}
    >
      <text x={leftOf(y)} y={12}>
        {title}
      </text>
      {to > from && (
        <ReferenceLine
          segment={[
            { x: from, y: from },
            { x: to, y: to },
          ]}
          stroke="var(--rule2)"
          strokeDasharray="4 3"
        />
      )}
      <Points<Point>
        dataKey="measured"
        look={({ filled }) => ({
          r: 3.5,
          fill: filled ? colour : 'var(--surface)',
          stroke: colour,
          strokeWidth: 1.5,
        })}
      />
    </Chart>
  );
}

export function Scatter({
  width,
  height,
  checks,
  trials,
}: {
  width: number;
  height: number;
  checks: readonly Check[];
  trials: readonly Trial[];
}) {
  const w = inLanguage(compressWords, useWords());
  const half = (width - 12) / 2;
  return (
    <div className="chart-pair">
      <Plot
        width={half}
        height={height}
        title={w.small}
        points={checks.map((c) => ({ ...c, filled: true }))}
        colour="var(--line-this)"
      />
      <Plot
        width={half}
        height={height}
        title={w.tried}
        points={trials.map((t) => ({ ...t, filled: t.accepted }))}
        colour="var(--line-random)"
      />
    </div>
  );
}
