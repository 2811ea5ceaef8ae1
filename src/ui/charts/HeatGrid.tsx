/** A grid of shaded cells with a text in each, for example layers by rounds or layers by layers. */
import { palette } from '../colour.ts';
import { useDark } from '../parts/use-media.ts';
import { Chart, useScales } from './Chart.tsx';
import { ShadedCell } from './ShadedCell.tsx';

export interface HeatCell {
  /** Position on the colour ramp, 0 to 1; null: no value yet. */
  fill: number | null;
  word: string;
  title: string;
}

interface Props {
  width: number;
  height: number;
  cells: readonly (readonly HeatCell[])[];
  rowAxis: string;
  columnAxis: string;
  columnNames: readonly string[];
}

const GAP = 2;

/** `cells[row][column]`, rows from the top. Rows are numbered from 0. */
export function HeatGrid({ width, height, cells, rowAxis, columnAxis, columnNames }: Props) {
  const rows = cells.length;
  const columns = columnNames.length;
  // Omits row and column names that would overlap.
  const everyRow = Math.max(1, Math.ceil((14 * rows) / (height - 36)));
  const everyColumn = Math.max(1, Math.ceil((18 * columns) / (width - 50)));
  return (
    <Chart
      width={width}
      height={height}
      plain
      top={2}
      right={0}
      x={{
        domain: [-0.5, columns - 0.5],
        ticks: everyNth(columns, everyColumn),
        print: (c) => columnNames[c] ?? '',
        label: columnAxis,
      }}
      // Negated, so that row 0 is at the top.
      y={{
        domain: [0.5 - rows, 0.5],
        ticks: everyNth(rows, everyRow).map((r) => -r),
        print: (v) => String(-v),
        label: rowAxis,
      }}
    >
      <Cells cells={cells} />
    </Chart>
  );
}

const everyNth = (length: number, step: number): number[] =>
  Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);

function Cells({ cells }: Pick<Props, 'cells'>) {
  const { sequential } = palette(useDark());
  const scales = useScales();
  if (!scales) return null;
  const { x, y } = scales;
  const w = x(1) - x(0) - GAP;
  const h = y(0) - y(1) - GAP;
  return cells.flatMap((row, r) =>
    row.map(({ fill, word, title }, c) => (
      <ShadedCell
        key={`${r} ${c}`}
        x={x(c) - w / 2}
        y={y(-r) - h / 2}
        width={Math.max(1, w)}
        height={Math.max(1, h)}
        shade={fill === null ? null : sequential(fill)}
        word={h >= 13 && w >= 18 ? word : null}
        title={title}
      />
    )),
  );
}
