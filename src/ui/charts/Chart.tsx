/**
 * Draws a chart with axes: both axes, grid lines at the ticks, and the caller's children as marks.
 */
import { memo, type ReactNode } from 'react';
import {
  ComposedChart,
  Label,
  usePlotArea,
  useXAxisScale,
  useYAxisScale,
  XAxis,
  YAxis,
} from 'recharts';
import type { Axis } from './axis.ts';
import { textWidth } from './text-width.ts';

export interface LabelledAxis extends Axis {
  /** Shown below the ticks of a horizontal axis, or left of those of a vertical axis. */
  label?: string;
}

export interface HorizontalAxis extends LabelledAxis {
  /** Pixels between the ends of the axis and its first and last value. */
  inset?: { left?: number; right?: number };
  /** Draws a grid line at each tick, as on the vertical axis. */
  rules?: boolean;
}

interface Props {
  /** CSS pixels. */
  width: number;
  height: number;
  /** Data of lines and points: `x`, and each series' value under its `dataKey`. */
  rows?: readonly { x: number }[];
  x: HorizontalAxis;
  /** If omitted, vertical positions have no meaning and there is no left axis. */
  y?: LabelledAxis;
  /** Pixels above, left and right of the plot. */
  top?: number;
  left?: number;
  right?: number;
  /** Axes without lines and grid lines, for a grid of cells. */
  plain?: boolean;
  children: ReactNode;
}

const UNIT: LabelledAxis = { domain: [0, 1], ticks: [], print: String };

/** Width of a vertical axis in pixels: its numbers, its label and the gap to the plot. */
export const leftOf = ({ ticks, print, label }: LabelledAxis): number =>
  Math.max(30, Math.ceil(textWidth(ticks.map(print), 400)) + 12) + (label === undefined ? 0 : 14);

export function Chart({
  width,
  height,
  rows = [],
  x,
  y = UNIT,
  top = 8,
  left = y === UNIT ? 0 : leftOf(y),
  right = 12,
  plain = false,
  children,
}: Props) {
  return (
    <ComposedChart
      width={width}
      height={height}
      // Recharts draws no axis without data.
      data={rows.length > 0 ? rows : [{ x: x.domain[0] }]}
      margin={{ top, right, bottom: 0, left: y === UNIT ? left : 0 }}
      accessibilityLayer={false}
    >
      <Axes x={x} y={y} left={left} plain={plain} />
      {children}
    </ComposedChart>
  );
}

/**
 * Recharts recomputes an axis when its settings change. A caller that redraws often must pass the
 * same `x` and `y` objects.
 */
const Axes = memo(function Axes({
  x,
  y,
  left,
  plain,
}: {
  x: HorizontalAxis;
  y: LabelledAxis;
  left: number;
  plain: boolean;
}) {
  const { label, inset } = x;
  return (
    <>
      {!plain && <Rules x={x} y={y} />}
      <XAxis
        {...own(x)}
        dataKey="x"
        type="number"
        height={label !== undefined ? 34 : x.ticks.length > 0 ? 22 : 1}
        axisLine={!plain && RULE}
        tickLine={!plain && RULE}
        {...(inset && { padding: inset })}
      >
        {label !== undefined && <Label value={label} position="insideBottom" offset={2} />}
      </XAxis>
      <YAxis
        {...own(y)}
        width={left}
        hide={y === UNIT}
        axisLine={false}
        tickLine={false}
        // Cells are not Recharts data. Without this, the data would determine the ends of the axis.
        allowDataOverflow={plain}
      >
        {y.label !== undefined && (
          <Label value={y.label} position="insideLeft" angle={y.label.length > 1 ? -90 : 0} />
        )}
      </YAxis>
    </>
  );
});

const RULE = { stroke: 'var(--rule2)' };

/** Axis props that stop Recharts from choosing or omitting ends and ticks. */
const own = ({ domain, ticks, print }: Axis) =>
  ({
    domain: [...domain],
    ticks: [...ticks],
    tickFormatter: print,
    interval: 0,
    niceTicks: 'none',
    tick: { fill: 'var(--ink2)' },
  }) as const;

/** Draws plain paths, because every Recharts element subscribes to all the others. */
function Rules({ x, y }: { x: HorizontalAxis; y: Axis }) {
  const plot = usePlotArea();
  if (!plot) return null;
  const { left = 0, right = 0 } = x.inset ?? {};
  const share = ({ domain: [low, high] }: Axis, v: number) => (v - low) / (high - low);
  const across = (v: number) =>
    `M${plot.x} ${plot.y + plot.height * (1 - share(y, v))}h${plot.width}`;
  const down = (v: number) =>
    `M${plot.x + left + (plot.width - left - right) * share(x, v)} ${plot.y}v${plot.height}`;
  const paths = (strong: boolean) => {
    const drawn = ({ ticks, domain }: Axis) =>
      ticks.filter((t) => (t === 0 && domain[0] < 0) === strong);
    return [...drawn(y).map(across), ...(x.rules ? drawn(x).map(down) : [])].join('');
  };
  return (
    <>
      <path d={paths(false)} stroke="var(--rule)" fill="none" />
      <path d={paths(true)} stroke="var(--rule2)" fill="none" />
    </>
  );
}

type Scale = (value: number) => number;

/** Returns 0 until Recharts knows the axis, which is before the first paint. */
const placed =
  (scale: ReturnType<typeof useXAxisScale>): Scale =>
  (value) =>
    scale?.(value) ?? 0;

/** Converts a value on the horizontal axis to pixels. */
export const useX = (): Scale => placed(useXAxisScale());

/** Converts values on both axes to pixels; null until the vertical axis has data. */
export function useScales(): { x: Scale; y: Scale } | null {
  const x = useX();
  const y = useYAxisScale();
  return y ? { x, y: placed(y) } : null;
}
