/** Names at the ends of lines, moved apart so that they can be read. */
import { defined, elementAt } from '../../checked.ts';

export interface EndLabelPlace {
  key: string;
  words: string;
  y: number;
}

/**
 * Moves labels to at least `room` pixels apart, each as little as possible, keeping their order.
 */
export function apart(labels: readonly EndLabelPlace[], room: number): EndLabelPlace[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y).map((l) => ({ ...l }));
  for (let pass = 0; pass < sorted.length * 4; pass++) {
    for (let i = 1; i < sorted.length; i++) {
      const a = elementAt(sorted, i - 1);
      const b = elementAt(sorted, i);
      const short = room - (b.y - a.y);
      if (short > 0) {
        a.y -= short / 2;
        b.y += short / 2;
      }
    }
  }
  return sorted;
}

let measure: CanvasRenderingContext2D | null = null;

/**
 * Pixels to keep free at the right of a chart: the widest label and a gap, at least what two short
 * words take.
 */
export function roomFor(labels: readonly string[]): number {
  measure ??= document.createElement('canvas').getContext('2d');
  if (!measure) return 100;
  const root = getComputedStyle(document.documentElement);
  measure.font = `600 ${0.857 * parseFloat(root.fontSize)}px ${root.getPropertyValue('--sans')}`;
  return Math.ceil(Math.max(80, ...labels.map((l) => defined(measure).measureText(l).width + 10)));
}

export function EndLabel({
  x,
  y,
  words,
  fill,
}: {
  x: number;
  y: number;
  words: string;
  fill: string;
}) {
  return (
    <text x={x} y={y + 4} style={{ fill, fontWeight: 600 }}>
      {words}
    </text>
  );
}
