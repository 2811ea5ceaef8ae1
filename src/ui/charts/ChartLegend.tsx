/** What lines and marks mean, under the chart. */
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

/** A short piece of a line, as the chart draws it. */
export function LineKey({ look: { stroke, dash, width = 2 } }: { look: LineLook }) {
  return (
    <svg className="line-key" width="20" height="8" aria-hidden="true">
      <path d="M0 4H20" stroke={stroke} strokeWidth={width} strokeDasharray={dash} />
    </svg>
  );
}

/** A mark, drawn around the origin, 19 pixels wide at most. */
export function MarkKey({ children }: { children: ReactNode }) {
  return (
    <svg width="16" height="16" viewBox="-9.5 -9.5 19 19" aria-hidden="true">
      {children}
    </svg>
  );
}
