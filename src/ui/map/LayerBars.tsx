/**
 * Ranks per layer on the map's own rows: attention, then MLP, then the rest, with the uniform budget as a dashed line.
 * The sums stand at the right as text, so the bars themselves need no labels.
 */
import { memo } from 'react';
import { Bar, BarChart, ReferenceLine, XAxis, YAxis } from 'recharts';
import type { LayerSum } from './layer-sums.ts';

interface Props { sums: readonly LayerSum[]; uniform: number; end: number; width: number; height: number }

/** Axes and bars stay as they are while the data moves, and recharts works out only what changed. */
const Frame = memo(function Frame({ uniform, end }: { uniform: number; end: number }) {
  return (
    <>
      <XAxis type="number" domain={[0, end]} niceTicks="none" hide />
      <YAxis type="category" dataKey="layer" width={0} hide />
      <Bar dataKey="attention" stackId="rank" fill="var(--line-this)" isAnimationActive={false} />
      <Bar dataKey="mlp" stackId="rank" fill="var(--bar-mlp)" isAnimationActive={false} />
      <Bar dataKey="other" stackId="rank" fill="var(--bar-other)" isAnimationActive={false} />
      <ReferenceLine x={uniform} stroke="var(--ink)" strokeDasharray="3 3" />
    </>
  );
});

export const LayerBars = memo(function LayerBars({ sums, uniform, end, width, height }: Props) {
  return (
    <BarChart data={sums as LayerSum[]} layout="vertical" width={width} height={height} margin={{ top: 0, right: 0, bottom: 0, left: 0 }} barCategoryGap="27%" accessibilityLayer={false}>
      <Frame uniform={uniform} end={end} />
    </BarChart>
  );
}, (a, b) => a.uniform === b.uniform && a.end === b.end && a.width === b.width && a.height === b.height && JSON.stringify(a.sums) === JSON.stringify(b.sums));
