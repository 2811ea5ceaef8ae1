/**
 * Draws the map as an SVG file from the same cell contents as the page, with title, finding, scale
 * and bars.
 */
import { defined, elementAt } from '../../checked.ts';
import { gapsBefore, type MapLayout } from '../../state/layout.ts';
import type { Ramp } from '../colour.ts';
import { rampTicks } from './Legend.tsx';
import { signed, type CellContent } from './cell-content.ts';
import type { LayerSum } from './layer-sums.ts';

export interface MapPicture {
  layout: MapLayout;
  contents: readonly CellContent[];
  feet: readonly string[];
  sums: readonly LayerSum[];
  barsEnd: number;
  uniform: number;
  ramp: Ramp;
  from: number;
  to: number;
  words: {
    title: string;
    finding: string;
    sure: string;
    scale: string;
    mean: string;
    perLayer: string;
    uniform: string;
    groups: Record<string, string>;
    source: string;
  };
  colours: Record<'surface' | 'ink' | 'ink2' | 'rule2' | 'attention' | 'mlp' | 'other', string>;
  font: string;
  serif: string;
}

const escape = (s: string) =>
  s.replace(/[&<>"]/g, (c) =>
    defined({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]),
  );

export function mapSvg(p: MapPicture): string {
  const { layout, colours: c } = p;
  const cellWidth = 56;
  const cellHeight = layout.layers > 16 ? 22 : 40;
  const gap = 3;
  const lead = 58;
  const top = 168;
  const x = (column: number) => lead + column * (cellWidth + gap) + 8 * gapsBefore(layout, column);
  const y = (layer: number) => top + layer * (cellHeight + gap);
  const right = x(layout.columns.length - 1) + cellWidth;
  const barsX = right + 20;
  const barsWidth = 130;
  const width = barsX + barsWidth + 60;
  const bottom = y(layout.layers);
  const height = bottom + 56;
  const out: string[] = [];
  const text = (at: [number, number], words: string, more = '') =>
    out.push(`<text x="${at[0]}" y="${at[1]}" ${more}>${escape(words)}</text>`);
  const rect = (at: [number, number], size: [number, number], fill: string, more = '') =>
    out.push(
      `<rect x="${at[0]}" y="${at[1]}" width="${size[0]}" height="${size[1]}" fill="${fill}" ${more}/>`,
    );

  text([16, 26], p.words.title, `font-weight="600" font-size="15" fill="${c.ink}"`);
  text(
    [16, 54],
    p.words.finding,
    `font-family="${escape(p.serif)}" font-size="22" fill="${c.ink}"`,
  );
  text([16, 74], p.words.sure);
  const x0 = 16;
  const scaleWidth = 150;
  Array.from({ length: 50 }, (_, i) =>
    rect([x0 + (scaleWidth * i) / 50, 90], [scaleWidth / 50 + 0.5, 9], p.ramp((i + 0.5) / 50).css),
  );
  const ticks = p.from < 0 ? [p.from, 0, p.to] : rampTicks(p.to);
  const strong = p.from < 0 ? 0 : 1;
  for (const t of ticks)
    text(
      [x0 + (scaleWidth * (t - p.from)) / (p.to - p.from), 113],
      p.from < 0 ? signed(t) : String(t),
      `text-anchor="middle"${t === strong ? ` font-weight="600" fill="${c.ink}"` : ''}`,
    );
  text([x0 + scaleWidth + 12, 98], p.words.scale);

  for (const g of layout.groups) {
    const from = x(g.from);
    const to = x(g.from + g.count - 1) + cellWidth;
    text([(from + to) / 2, top - 27], p.words.groups[g.group] ?? g.group, 'text-anchor="middle"');
    rect([from, top - 22], [to - from, 1], c.rule2);
  }
  layout.columns.forEach((column, i) =>
    text([x(i) + cellWidth / 2, top - 7], column.role, 'text-anchor="middle"'),
  );
  for (let l = 0; l < layout.layers; l++) {
    text([lead - 16, y(l) + cellHeight / 2 + 4], String(l), 'text-anchor="end"');
    rect(
      [lead - 10, y(l)],
      [4, cellHeight + (l < layout.layers - 1 ? gap : 0)],
      l % 2 ? c.ink : c.surface,
      `stroke="${c.ink}"`,
    );
    layout.columns.forEach((_, i) => {
      const content = p.contents[layout.cells[l * layout.columns.length + i]!];
      if (!content?.fill) return;
      rect([x(i), y(l)], [cellWidth, cellHeight], content.fill.css);
      text(
        [x(i) + cellWidth / 2, y(l) + cellHeight / 2 + 5],
        content.text,
        `text-anchor="middle" fill="${content.fill.ink}" font-size="${content.settled ? 15 : 13}"${content.settled ? ' font-weight="600"' : ''}`,
      );
    });
    const sum = elementAt(p.sums, l);
    let from = barsX;
    for (const group of ['attention', 'mlp', 'other'] as const) {
      const w = (barsWidth * sum[group]) / p.barsEnd;
      if (w > 0) rect([from, y(l) + cellHeight * 0.27], [w, cellHeight * 0.46], c[group]);
      from += w;
    }
    text([width - 16, y(l) + cellHeight / 2 + 4], String(sum.total), 'text-anchor="end"');
  }
  const line = barsX + (barsWidth * p.uniform) / p.barsEnd;
  out.push(
    `<line x1="${line}" x2="${line}" y1="${top}" y2="${bottom - gap}" stroke="${c.ink}" stroke-dasharray="3 3"/>`,
  );
  text([barsX, top - 27], p.words.perLayer);
  text([line, top - 7], p.words.uniform, 'text-anchor="middle"');
  text([lead - 16, bottom + 14], p.words.mean, 'text-anchor="end"');
  p.feet.forEach((foot, i) =>
    text([x(i) + cellWidth / 2, bottom + 14], foot, 'text-anchor="middle"'),
  );
  text([16, height - 12], p.words.source, 'font-size="10"');

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escape(p.font)}" font-size="12" fill="${c.ink2}"><title>${escape(p.words.finding)}</title><rect width="100%" height="100%" fill="${c.surface}"/>${out.join('')}</svg>`;
}
