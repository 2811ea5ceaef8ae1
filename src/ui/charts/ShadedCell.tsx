/** A shaded cell with a text. The title shows the value on hover. */
import type { Shade } from '../colour.ts';

interface Props {
  /** CSS pixels, from the top left of the drawing. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** null: no value yet. */
  shade: Shade | null;
  word: string | null;
  title: string | null;
}

export function ShadedCell({ x, y, width, height, shade, word, title }: Props) {
  return (
    <>
      <rect x={x} y={y} width={width} height={height} style={{ fill: shade?.css ?? 'var(--void)' }}>
        {title !== null && <title>{title}</title>}
      </rect>
      {word !== null && (
        <text
          x={x + width / 2}
          y={y + height / 2}
          dominantBaseline="central"
          textAnchor="middle"
          pointerEvents="none"
          style={{ fill: shade?.ink ?? 'var(--ink2)' }}
        >
          {word}
        </text>
      )}
    </>
  );
}
