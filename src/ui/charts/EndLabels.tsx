/** Names at the ends of lines, moved apart so that they do not overlap. */
import { usePlotArea, useYAxisScale } from 'recharts';
import { elementAt } from '../../checked.ts';
import { textWidth } from './text-width.ts';

interface EndLabel {
  key: string;
  words: string;
  /** The last value of the line, on the vertical axis. */
  value: number;
  fill: string;
}

/** Pixels between two baselines. */
const LINE = 16;

export function EndLabels({ labels }: { labels: readonly EndLabel[] }) {
  const plot = usePlotArea();
  const y = useYAxisScale();
  if (!plot || !y) return null;
  const placed = spread(
    labels.map((l) => ({ ...l, y: y(l.value) ?? 0 })),
    LINE,
  );
  return placed.map((l) => (
    <text
      key={l.key}
      x={plot.x + plot.width + 7}
      y={l.y + 4}
      style={{ fill: l.fill, fontWeight: 600 }}
    >
      {l.words}
    </text>
  ));
}

/**
 * Returns copies sorted by `y`, moved until neighbours are at least `room` pixels apart. Each pass
 * moves two overlapping neighbours by equal amounts.
 */
export function spread<T extends { y: number }>(labels: readonly T[], distance: number): T[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y).map((l) => ({ ...l }));
  for (let pass = 0; pass < sorted.length * 4; pass++) {
    for (let i = 1; i < sorted.length; i++) {
      const a = elementAt(sorted, i - 1);
      const b = elementAt(sorted, i);
      const short = distance - (b.y - a.y);
      if (short > 0) {
        a.y -= short / 2;
        b.y += short / 2;
      }
    }
  }
  return sorted;
}

/** Pixels to reserve at the right of a chart: the widest label plus a gap of 10, at least 80. */
export const labelSpace = (labels: readonly string[]): number =>
  Math.ceil(Math.max(80, textWidth(labels, 600) + 10));
