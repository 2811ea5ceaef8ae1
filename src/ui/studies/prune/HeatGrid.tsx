/** A grid of shaded cells with a word in each: layers by rounds, or layers by layers. */
import { palette } from '../../colour.ts';
import { useDark } from '../../parts/use-media.ts';

const LEFT = 44;
const BOTTOM = 34;
const GAP = 2;

export interface HeatCell {
  /** 0 to 1 of the ramp; null: nothing there yet. */ fill: number | null;
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

/** `cells[row][column]`, rows from the top. */
export function HeatGrid({ width, height, cells, rowAxis, columnAxis, columnNames }: Props) {
  const { sequential } = palette(useDark());
  const rows = cells.length;
  const columns = columnNames.length;
  const w = (width - LEFT) / columns;
  const h = (height - BOTTOM) / rows;
  // Names that would run into each other are left out.
  const everyRow = Math.max(1, Math.ceil(14 / h));
  const everyColumn = Math.max(1, Math.ceil(16 / w));
  return (
    <svg width={width} height={height} aria-hidden="true">
      {cells.map((row, r) => (
        <g key={r} transform={`translate(0 ${r * h})`}>
          {r % everyRow === 0 && (
            <text x={LEFT - 8} y={h / 2} dominantBaseline="central" textAnchor="end">
              {r}
            </text>
          )}
          {row.map(({ fill, word, title }, c) => {
            const shade = fill === null ? null : sequential(fill);
            return (
              <g key={c} transform={`translate(${LEFT + c * w} 0)`}>
                <rect
                  width={Math.max(1, w - GAP)}
                  height={Math.max(1, h - GAP)}
                  style={{ fill: shade?.css ?? 'var(--void)' }}
                >
                  <title>{title}</title>
                </rect>
                {h >= 15 && w >= 20 && (
                  <text
                    x={(w - GAP) / 2}
                    y={(h - GAP) / 2}
                    dominantBaseline="central"
                    textAnchor="middle"
                    pointerEvents="none"
                    style={{ fill: shade?.ink ?? 'var(--ink2)' }}
                  >
                    {word}
                  </text>
                )}
              </g>
            );
          })}
        </g>
      ))}
      {columnNames.map(
        (name, c) =>
          c % everyColumn === 0 && (
            <text
              key={c}
              x={LEFT + c * w + (w - GAP) / 2}
              y={height - BOTTOM + 12}
              textAnchor="middle"
            >
              {name}
            </text>
          ),
      )}
      <text
        x={LEFT + (width - LEFT) / 2}
        y={height - 3}
        textAnchor="middle"
        style={{ fill: 'var(--ink3)' }}
      >
        {columnAxis}
      </text>
      <text
        transform={`translate(11 ${(height - BOTTOM) / 2}) rotate(${rowAxis.length > 1 ? -90 : 0})`}
        textAnchor="middle"
        style={{ fill: 'var(--ink3)' }}
      >
        {rowAxis}
      </text>
    </svg>
  );
}
