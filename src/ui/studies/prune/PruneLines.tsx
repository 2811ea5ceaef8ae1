/** One or two lines over rounds or layers, and a level to compare them with. */
import { CartesianGrid, Label, Line, LineChart, ReferenceLine, XAxis, YAxis } from 'recharts';
import { elementAt } from '../../../checked.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { useWords } from '../../use-words.ts';

const TICK = { fill: 'var(--ink2)', fontSize: 12 };

export const lineLooks = [
  { stroke: 'var(--line-this)', dash: undefined },
  { stroke: 'var(--line-random)', dash: '6 4' },
] as const;

/** Of a series: its value at each of the positions, null where there is none. */
export interface PruneLine {
  name: string;
  values: readonly (number | null)[];
}

interface Props {
  width: number;
  height: number;
  /** Number of the first position. */
  first: number;
  positions: number;
  axis: string;
  lines: readonly PruneLine[];
  level: { name: string; value: number } | null;
}

export function PruneLines({ width, height, first, positions, axis, lines, level }: Props) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const last = first + Math.max(1, positions - 1);
  const data = Array.from({ length: positions }, (_, i) => ({
    x: first + i,
    ...Object.fromEntries(lines.map((l, k) => [`y${k}`, l.values[i] ?? undefined])),
  }));
  const all = [
    ...lines.flatMap((l) => l.values.filter((v): v is number => v !== null)),
    ...(level ? [level.value] : []),
  ];
  const [low, high] = ends(all);
  const step = Math.max(1, Math.ceil((positions - 1) / 8));
  const digits = high - low < 0.3 ? 3 : 2;
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
        dataKey="x"
        type="number"
        domain={[first, last]}
        ticks={Array.from(
          { length: Math.floor((last - first) / step) + 1 },
          (_, i) => first + i * step,
        )}
        interval={0}
        niceTicks="none"
        height={34}
        stroke="var(--rule2)"
        tick={TICK}
        tickLine={{ stroke: 'var(--rule2)' }}
        padding={{ left: 8 }}
      >
        <Label value={axis} position="insideBottom" offset={2} style={{ fill: 'var(--ink3)' }} />
      </XAxis>
      <YAxis
        domain={[low, high]}
        ticks={[low, (low + high) / 2, high]}
        tickFormatter={(v: number) => n.fixed(v, digits)}
        interval={0}
        niceTicks="none"
        width={44}
        axisLine={false}
        tickLine={false}
        tick={TICK}
      />
      {level && (
        <ReferenceLine
          y={level.value}
          stroke="var(--line-uniform)"
          strokeDasharray="2 3"
          strokeWidth={1.5}
        />
      )}
      {lines.map((l, k) => (
        <Line
          key={l.name}
          dataKey={`y${k}`}
          stroke={elementAt(lineLooks, k).stroke}
          strokeDasharray={elementAt(lineLooks, k).dash}
          strokeWidth={2}
          dot={{
            r: positions > 16 ? 1.75 : 2.5,
            fill: elementAt(lineLooks, k).stroke,
            strokeWidth: 0,
            strokeDasharray: '0',
          }}
          isAnimationActive={false}
          connectNulls
        />
      ))}
    </LineChart>
  );
}

/** A round step around all values. */
function ends(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const least = Math.min(...values);
  const most = Math.max(...values);
  const size = 10 ** Math.floor(Math.log10(Math.max(most - least, 1e-3)));
  const step = size / 2;
  const low = Math.floor(least / step + 1e-9) * step;
  return [low, Math.max(low + step, Math.ceil(most / step - 1e-9) * step)];
}

/** What the lines mean, under the chart. */
export function PruneLegend({ lines, level }: Pick<Props, 'lines' | 'level'>) {
  return (
    <ul className="rank-legend small ink2">
      {lines.map((l, k) => (
        <li key={l.name}>
          <svg width="18" height="8" aria-hidden="true">
            <path
              d="M0 4h18"
              stroke={elementAt(lineLooks, k).stroke}
              strokeWidth="2"
              strokeDasharray={elementAt(lineLooks, k).dash}
            />
          </svg>
          {l.name}
        </li>
      ))}
      {level && (
        <li>
          <svg width="18" height="8" aria-hidden="true">
            <path
              d="M0 4h18"
              stroke="var(--line-uniform)"
              strokeWidth="1.5"
              strokeDasharray="2 3"
            />
          </svg>
          {level.name}
        </li>
      )}
    </ul>
  );
}
