/**
 * Held-out loss by rank: the curve, the band up to 1 % above the best, the ranks that stand out,
 * LoRAs of one rank beside it.
 */
import {
  CartesianGrid,
  Label,
  Line,
  LineChart,
  ReferenceArea,
  ReferenceLine,
  usePlotArea,
  XAxis,
  YAxis,
} from 'recharts';
import { elementAt } from '../../../checked.ts';
import { BAND, type CurveVerdict } from '../../../studies/train/verdict.ts';
import type { RankLoss } from '../../../methods/qdylora.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';

const TOP = 8;
const BOTTOM = 34;
const TICK = { fill: 'var(--ink2)', fontSize: 12 };

/** Pixels between the chart's edges and the first and last rank: the slider below keeps to them. */
export const RANK_AXIS = { left: 52, right: 12 };
const AXIS_WIDTH = 44;

/** Powers of two, and the last rank where it stands off them. */
export function rankTicks(most: number): number[] {
  const ticks = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
  return most / elementAt(ticks, -1) > 1.4 ? [...ticks, most] : [...ticks.slice(0, -1), most];
}

interface Props {
  width: number;
  height: number;
  curve: readonly RankLoss[];
  separate: readonly RankLoss[];
  most: number;
  verdict: CurveVerdict | null;
  chosen: RankLoss | null;
}

export function RankChart({ width, height, curve, separate, most, verdict, chosen }: Props) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const losses = [...curve, ...separate].map((p) => p.loss);
  const [low, high] = ends(losses);
  const span = Math.max(1, Math.log2(most));
  const ticks = rankTicks(most);
  // Empty, the axis still shows its ranks.
  const empty = losses.length === 0;
  const data = empty
    ? [{ x: 0 }, { x: span }]
    : curve.map((p) => ({ x: Math.log2(p.rank), loss: p.loss }));
  return (
    <LineChart
      width={width}
      height={height}
      data={data}
      margin={{ top: TOP, right: RANK_AXIS.right, bottom: 0, left: 0 }}
      accessibilityLayer={false}
    >
      <CartesianGrid vertical={false} stroke="var(--rule)" />
      {verdict && (
        <ReferenceArea
          y1={verdict.best.loss}
          y2={Math.min(high, (1 + BAND) * verdict.best.loss)}
          fill="var(--act)"
          fillOpacity={0.14}
          stroke="none"
        />
      )}
      <XAxis
        dataKey="x"
        type="number"
        domain={[0, span]}
        ticks={ticks.map(Math.log2)}
        tickFormatter={(x: number) => n.whole(Math.round(2 ** x))}
        interval={0}
        niceTicks="none"
        height={BOTTOM}
        stroke="var(--rule2)"
        tick={TICK}
        tickLine={{ stroke: 'var(--rule2)' }}
        padding={{ left: RANK_AXIS.left - AXIS_WIDTH }}
      >
        <Label
          value={inLanguage(trainWords, words).rankAxis}
          position="insideBottom"
          offset={4}
          style={{ fill: 'var(--ink3)' }}
        />
      </XAxis>
      <YAxis
        domain={[low, high]}
        ticks={empty ? [] : [low, (low + high) / 2, high]}
        tickFormatter={(v: number) => n.fixed(v, 2)}
        interval={0}
        niceTicks="none"
        width={AXIS_WIDTH}
        axisLine={false}
        tickLine={false}
        tick={TICK}
      />
      {chosen && (
        <ReferenceLine x={Math.log2(chosen.rank)} stroke="var(--ink2)" strokeDasharray="3 3" />
      )}
      <Line
        dataKey="loss"
        stroke="var(--line-this)"
        strokeWidth={2}
        dot={{ r: most > 32 ? 1.5 : 2.5, fill: 'var(--line-this)', strokeWidth: 0 }}
        isAnimationActive={false}
      />
      <Marks
        verdict={verdict}
        curve={curve}
        separate={separate}
        chosen={chosen}
        place={(p) => [Math.log2(p.rank) / span, (high - p.loss) / (high - low)]}
      />
    </LineChart>
  );
}

/** What is drawn on top of the line; `place` gives the share of the plot's width and height. */
function Marks({
  verdict,
  curve,
  separate,
  chosen,
  place,
}: Pick<Props, 'verdict' | 'curve' | 'separate' | 'chosen'> & {
  place(p: RankLoss): readonly [number, number];
}) {
  const plot = usePlotArea();
  if (!plot) return null;
  const inset = RANK_AXIS.left - AXIS_WIDTH;
  const at = (p: RankLoss) => {
    const [x, y] = place(p);
    return `translate(${plot.x + inset + (plot.width - inset) * x} ${plot.y + plot.height * y})`;
  };
  const knee = verdict && curve.find((p) => p.rank === verdict.knee);
  return (
    <g>
      {separate.map((p) => (
        <path
          key={p.rank}
          transform={at(p)}
          d={MARKS.alone}
          fill="none"
          stroke="var(--warn)"
          strokeWidth={2}
        />
      ))}
      {knee && (
        <path
          transform={at(knee)}
          d={MARKS.knee}
          fill="none"
          stroke="var(--line-this)"
          strokeWidth={1.5}
        />
      )}
      {verdict && (
        <circle
          transform={at(verdict.within)}
          r={6}
          fill="none"
          stroke="var(--line-this)"
          strokeWidth={2}
        />
      )}
      {chosen && (
        <circle
          transform={at(chosen)}
          r={4}
          fill="var(--ink)"
          stroke="var(--sheet)"
          strokeWidth={1.5}
        />
      )}
    </g>
  );
}

const MARKS = { alone: 'M-4 -4L4 4M4 -4L-4 4', knee: 'M0 -9L9 0L0 9L-9 0Z' };

/** What the marks mean, under the chart. */
export function RankLegend({ verdict, alone }: { verdict: CurveVerdict | null; alone: boolean }) {
  const w = inLanguage(trainWords, useWords());
  return (
    <ul className="rank-legend small ink2">
      {verdict && (
        <li>
          <Mark>
            <circle r={5} fill="none" stroke="var(--line-this)" strokeWidth={2} />
          </Mark>
          {w.legend.within}: {verdict.within.rank}
        </li>
      )}
      {verdict && (
        <li>
          <Mark>
            <path d="M0 -6L6 0L0 6L-6 0Z" fill="none" stroke="var(--line-this)" strokeWidth={1.5} />
          </Mark>
          {w.legend.knee}: {verdict.knee}
        </li>
      )}
      {alone && (
        <li>
          <Mark>
            <path d={MARKS.alone} fill="none" stroke="var(--warn)" strokeWidth={2} />
          </Mark>
          {w.legend.alone}
        </li>
      )}
    </ul>
  );
}

const Mark = ({ children }: { children: React.ReactNode }) => (
  <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
    {children}
  </svg>
);

/** A tenth or twentieth of a nat around all values. */
function ends(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const least = Math.min(...values);
  const most = Math.max(...values);
  const step = most - least > 0.4 ? 0.2 : 0.1;
  const low = Math.floor(least / step + 1e-9) * step;
  return [low, Math.max(low + step, Math.ceil(most / step - 1e-9) * step)];
}
