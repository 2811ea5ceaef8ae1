/** The map in miniature: one cell per module, without words. */
import type { CSSProperties } from 'react';
import { mapLayout } from '../../state/layout.ts';

export function MiniMap({
  modules,
  layers,
  title,
  cellHeight,
  look,
}: {
  modules: Parameters<typeof mapLayout>[0];
  layers: number;
  /** The accessible name; without it the picture is decoration. */
  title?: string;
  /** In CSS pixels, with many and with few layers. */
  cellHeight: { many: number; few: number };
  look(module: number): CSSProperties;
}) {
  const layout = mapLayout(modules, layers);
  const template = layout.groups.map((g) => `repeat(${g.count}, minmax(0, 1fr))`).join(' 4px ');
  const place = (i: number) => 1 + i + layout.groups.findIndex((g) => i < g.from + g.count);
  const name = title === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': title };
  return (
    <div className="mini" {...name} style={{ gridTemplateColumns: template }}>
      {layout.cells.map(
        (m, i) =>
          m >= 0 && (
            <i
              key={i}
              style={{
                gridColumn: place(i % layout.columns.length),
                gridRow: 1 + Math.floor(i / layout.columns.length),
                height: layers > 16 ? cellHeight.many : cellHeight.few,
                ...look(m),
              }}
            />
          ),
      )}
    </div>
  );
}
