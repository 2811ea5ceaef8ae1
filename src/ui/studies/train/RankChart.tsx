/**
 * Held-out loss by rank: the curve, the band up to 1 % above the best loss, marked ranks, and
 * separately trained LoRAs of one rank.
 */
import type { ReactElement } from 'react';
import { DefaultZIndexes, ReferenceArea, ReferenceLine, ZIndexLayer } from 'recharts';
import { elementAt } from '../../../checked.ts';
import { BAND, type CurveVerdict } from '../../../studies/train/verdict.ts';
import type { RankLoss } from '../../../methods/qdylora.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { axisOf } from '../../charts/axis.ts';
import { Chart, useScales } from '../../charts/Chart.tsx';
import { ChartLegend, MarkKey } from '../../charts/ChartLegend.tsx';
import { look } from '../../charts/looks.ts';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { useWords } from '../../use-words.ts';

/** Pixels between the chart's edges and the first and last rank. The slider below uses the same. */
export const RANK_AXIS = { left: 52, right: 12 };
const INSET = 8;

/**
 * Powers of two and the last rank. Omits the largest power of two if it is too close to the last
 * rank.
 */
export function rankTicks(maxRank: number): number[] {
  const ticks = Array.from({ length: Math.floor(Math.log2(maxRank)) + 1 }, (_, i) => 2 ** i);
  return maxRank / elementAt(ticks, -1) > 1.4
    ? [...ticks, maxRank]
    : [...ticks.slice(0, -1), maxRank];
}

interface Props {
  width: number;
  height: number;
  curve: readonly RankLoss[];
  separate: readonly RankLoss[];
  maxRank: number;
  verdict: CurveVerdict | null;
  chosen: RankLoss | null;
}

export function RankChart({ width, height, curve, separate, maxRank, verdict, chosen }: Props) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const y = axisOf(
    [...curve, ...separate].map((p) => p.loss),
    n.fixed,
  );
  return (
    <Chart
      width={width}
      height={height}
      rows={curve.map((p) => ({ x: Math.log2(p.rank), loss: p.loss }))}
      x={{
        domain: [0, Math.max(1, Math.log2(maxRank))],
        ticks: rankTicks(maxRank).map(Math.log2),
        print: (x) => n.whole(Math.round(2 ** x)),
        label: inLanguage(trainWords, words).rankAxis,
        inset: { left: INSET },
      }}
      y={y}
      left={RANK_AXIS.left - INSET}
      right={RANK_AXIS.right}
    >
      {verdict && (
        <ReferenceArea
          y1={verdict.best.loss}
          y2={Math.min(y.domain[1], (1 + BAND) * verdict.best.loss)}
          fill="var(--act)"
          fillOpacity={0.14}
          stroke="none"
        />
      )}
      {chosen && (
        <ReferenceLine x={Math.log2(chosen.rank)} stroke="var(--ink2)" strokeDasharray="3 3" />
      )}
      <SeriesLine dataKey="loss" look={CURVE} dots={maxRank > 32 ? 1.5 : 2.5} />
      <ZIndexLayer zIndex={DefaultZIndexes.scatter + 1}>
        <Marks verdict={verdict} curve={curve} separate={separate} chosen={chosen} />
      </ZIndexLayer>
    </Chart>
  );
}

const CURVE = look('this');

/** The marks drawn on top of the line. */
function Marks({
  verdict,
  curve,
  separate,
  chosen,
}: Pick<Props, 'verdict' | 'curve' | 'separate' | 'chosen'>) {
  const scales = useScales();
  if (!scales) return null;
  const at = (p: RankLoss) => `translate(${scales.x(Math.log2(p.rank))} ${scales.y(p.loss)})`;
  const knee = verdict && curve.find((p) => p.rank === verdict.knee);
  return (
    <g>
      {separate.map((p) => (
        <g key={p.rank} transform={at(p)}>
          {ALONE}
        </g>
      ))}
      {knee && <g transform={at(knee)}>{KNEE}</g>}
      {verdict && <g transform={at(verdict.within)}>{WITHIN}</g>}
      {chosen && (
        <circle
          transform={at(chosen)}
          r={4}
          fill="var(--ink)"
          stroke="var(--surface)"
          strokeWidth={1.5}
        />
      )}
    </g>
  );
}

const ALONE = <path d="M-4 -4L4 4M4 -4L-4 4" fill="none" stroke="var(--warn)" strokeWidth={2} />;
const WITHIN = <circle r={6} fill="none" stroke={CURVE.stroke} strokeWidth={2} />;
const KNEE = (
  <path d="M0 -8.5L8.5 0L0 8.5L-8.5 0Z" fill="none" stroke={CURVE.stroke} strokeWidth={1.5} />
);

/** The legend below the chart. */
export function RankLegend({ verdict, alone }: { verdict: CurveVerdict | null; alone: boolean }) {
  const { legend } = inLanguage(trainWords, useWords());
  const mark = (key: ReactElement, words: string) => ({ key: <MarkKey>{key}</MarkKey>, words });
  return (
    <ChartLegend
      items={[
        ...(verdict
          ? [
              mark(WITHIN, `${legend.within}: ${verdict.within.rank}`),
              mark(KNEE, `${legend.knee}: ${verdict.knee}`),
            ]
          : []),
        ...(alone ? [mark(ALONE, legend.alone)] : []),
      ]}
    />
  );
}
