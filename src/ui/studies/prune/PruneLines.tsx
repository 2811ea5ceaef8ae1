/** One or two lines over rounds or layers, with an optional reference level. */
import { ReferenceLine } from 'recharts';
import { elementAt } from '../../../checked.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { axisOf, wholeTicks } from '../../charts/axis.ts';
import { Chart } from '../../charts/Chart.tsx';
import { ChartLegend, LineKey } from '../../charts/ChartLegend.tsx';
import { look } from '../../charts/looks.ts';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { useWords } from '../../use-words.ts';

const looks = [look('this'), look('random', '6 4')];
const LEVEL = { ...look('uniform', '2 3'), width: 1.5 };

/** A series: its value at each position, null if missing. */
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
  const values = [
    ...lines.flatMap((l) => l.values.filter((v): v is number => v !== null)),
    ...(level ? [level.value] : []),
  ];
  return (
    <Chart
      width={width}
      height={height}
      rows={Array.from({ length: positions }, (_, i) => ({
        x: first + i,
        ...Object.fromEntries(lines.map((l, k) => [`y${k}`, l.values[i]])),
      }))}
      x={{
        domain: [first, last],
        ticks: wholeTicks(first, last),
        print: n.whole,
        label: axis,
        inset: { left: 8 },
      }}
      y={axisOf(values, n.fixed)}
    >
      {level && (
        <ReferenceLine
          y={level.value}
          stroke={LEVEL.stroke}
          strokeDasharray={LEVEL.dash}
          strokeWidth={LEVEL.width}
        />
      )}
      {lines.map((l, k) => (
        <SeriesLine
          key={l.name}
          dataKey={`y${k}`}
          look={elementAt(looks, k)}
          dots={positions > 16 ? 1.75 : 2.5}
        />
      ))}
    </Chart>
  );
}

/** The legend below the chart. */
export function PruneLegend({ lines, level }: Pick<Props, 'lines' | 'level'>) {
  return (
    <ChartLegend
      items={[
        ...lines.map((l, k) => ({ key: <LineKey look={elementAt(looks, k)} />, words: l.name })),
        ...(level ? [{ key: <LineKey look={LEVEL} />, words: level.name }] : []),
      ]}
    />
  );
}
