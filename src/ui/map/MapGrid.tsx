/**
 * The map: an accessible grid with one tab stop. Rows are layers, with the input at the top;
 * columns are the module types of the model.
 */
import { useRef, type KeyboardEvent } from 'react';
import { gapsBefore, gridColumns, moveOnMap, type MapLayout } from '../../state/layout.ts';
import { useView } from '../../state/view-store.ts';
import { useSize } from '../parts/use-size.ts';
import { useWords } from '../use-words.ts';
import { Cell } from './Cell.tsx';
import type { CellContent } from './cell-content.ts';

interface Props {
  layout: MapLayout;
  /** Contents of each module's cell, indexed by module. */
  contents: readonly CellContent[];
  /** Bottom row, by column. */
  feet: readonly string[];
  footName: string;
  caret: number | null;
  onOpen(module: number): void;
}

/** Cells narrower than this (CSS pixels) show "6~" because a range does not fit. */
export const NARROW = 40;

export function MapGrid({ layout, contents, feet, footName, caret, onOpen }: Props) {
  const words = useWords();
  const grid = useRef<HTMLDivElement>(null);
  const { ref: box, width } = useSize<HTMLDivElement>();
  const focused = useView((v) => v.focused);
  const opened = useView((v) => v.opened);
  const set = useView((v) => v.set);

  const count = layout.columns.length;
  const gaps = layout.groups.length - 1;
  const lead = layout.layers > 9 ? 30 : 26;
  // Columns: layer number, ruler, a small gap, then the module types with a gap between groups.
  const template = `${lead}px 5px 3px ${gridColumns(layout, '8px')}`;
  const cellWidth = (width - lead - 8 - gaps * 8 - (count + gaps + 2) * 3) / count;
  const narrow = width > 0 && cellWidth < NARROW;
  const place = (column: number) => 4 + column + gapsBefore(layout, column);

  const tabStop =
    focused !== null && layout.cells.includes(focused)
      ? focused
      : (layout.cells.find((m) => m >= 0) ?? -1);

  function moduleOf(target: EventTarget): number | null {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[data-module]') : null;
    return cell ? Number(cell.dataset['module']) : null;
  }

  function onKey(e: KeyboardEvent) {
    const from = moduleOf(e.target);
    if (from === null || e.altKey || e.metaKey) return;
    if (e.key === 'Enter' || e.key === ' ') {
      e.preventDefault();
      onOpen(from);
      return;
    }
    const to = moveOnMap({ layout, from, key: e.key, ctrl: e.ctrlKey });
    if (to === null) return;
    e.preventDefault();
    set({ focused: to });
    grid.current?.querySelector<HTMLElement>(`[data-module="${to}"]`)?.focus();
  }

  return (
    <div className="grid" ref={box}>
      <div
        ref={grid}
        role="grid"
        aria-label={words.map.gridName(layout.layers, count)}
        id="map"
        onKeyDown={onKey}
        style={{ '--columns': template } as React.CSSProperties}
        onClick={(e) => {
          const m = moduleOf(e.target);
          if (m !== null) onOpen(m);
        }}
        onMouseOver={(e) => set({ pointed: moduleOf(e.target) })}
        onMouseLeave={() => set({ pointed: null })}
        onFocus={(e) => {
          const m = moduleOf(e.target);
          if (m !== null) set({ focused: m });
        }}
      >
        <div role="row" className="groups">
          {layout.groups.map((g) => (
            <span
              key={g.from}
              role="columnheader"
              aria-colspan={g.count}
              className="heading"
              style={{ gridColumn: `${place(g.from)} / span ${g.count}` }}
            >
              {words.map[g.group]}
            </span>
          ))}
        </div>
        <div role="row" className="names">
          {layout.columns.map((c, i) => (
            <span
              key={c.key}
              role="columnheader"
              className="heading"
              style={{ gridColumn: place(i) }}
            >
              {c.role}
            </span>
          ))}
        </div>
        {Array.from({ length: layout.layers }, (_, l) => (
          <div role="row" key={l}>
            <div role="rowheader" className="layer" aria-label={`${words.map.layer} ${l}`}>
              {caret === l && <em aria-hidden="true">▸</em>}
              {l}
            </div>
            <div
              aria-hidden="true"
              className={`ruler${l % 2 ? ' odd' : ''}${l === layout.layers - 1 ? ' last' : ''}`}
            />
            {layout.columns.map((c, i) => {
              const module = layout.cells[l * count + i]!;
              const content = contents[module];
              if (!content)
                return (
                  <div
                    key={c.key}
                    role="gridcell"
                    className="cell absent"
                    style={{ gridColumn: place(i) }}
                  />
                );
              return (
                <Cell
                  key={c.key}
                  module={module}
                  name={content.name}
                  text={narrow ? content.short : content.text}
                  settled={content.settled}
                  void={content.fill === null}
                  now={content.now}
                  shown={opened === module}
                  tabbable={module === tabStop}
                  ticks={content.ticks}
                  style={{
                    gridColumn: place(i),
                    ...(content.fill && { background: content.fill.css, color: content.fill.ink }),
                  }}
                />
              );
            })}
          </div>
        ))}
        <div role="row" className="means">
          <div role="rowheader" className="heading">
            {footName}
          </div>
          {layout.columns.map((c, i) => (
            <div key={c.key} role="gridcell" className="heading" style={{ gridColumn: place(i) }}>
              {feet[i]}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
