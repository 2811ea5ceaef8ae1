/** The legend below a chart: the meaning of lines and marks. */
import type { ReactNode } from 'react';
import type { LineLook } from './looks.ts';

export function ChartLegend({ items }: { items: readonly { key: ReactNode; words: ReactNode }[] }) {
  return (
    <ul className="chart-legend small ink2">
      {items.map((item, i) => (
        <li key={i}>
          {item.key}
          {item.words}
        </li>
      ))}
    </ul>
  );
}

/** A short segment of a line in the style of the chart. */
export function LineKey({ look: { stroke, dash, width = 2 } }: { look: LineLook }) {
  return (
    <svg className="line-key" width="20" height="8" aria-hidden="true">
      <path d="M0 4H20" stroke={stroke} strokeWidth={width} strokeDasharray={dash} />
    </svg>
  );
}

/** A mark, drawn around the origin, at most 19 units wide. */
export function MarkKey({ children }: { children: ReactNode }) {
  return (
    <svg width="16" height="16" viewBox="-9.5 -9.5 19 19" aria-hidden="true">
      {children}
    </svg>
  );
}
