/**
 * Ranks per layer, aligned with the rows of the map: attention, MLP, then the rest, with the
 * uniform budget as a dashed line. The sums are text at the right, so the bars need no labels.
 */
import type { LayerSum } from './layer-sums.ts';

interface Props {
  sums: readonly LayerSum[];
  /**
   * `uniform`: ranks of a layer if all layers had the same number. `end`: end of the scale, in
   * ranks.
   */
  uniform: number;
  end: number;
  /** CSS pixels. */
  width: number;
  height: number;
}

const PARTS = [
  ['attention', 'var(--line-this)'],
  ['mlp', 'var(--bar-mlp)'],
  ['other', 'var(--bar-other)'],
] as const;
/** Fraction of a row's height that its bar fills. */
const THICK = 0.46;

export function LayerBars({ sums, uniform, end, width, height }: Props) {
  const row = height / sums.length;
  const x = (ranks: number) => (width * ranks) / end;
  return (
    <svg width={width} height={height} aria-hidden="true">
      {sums.map((sum, i) => {
        let from = 0;
        return PARTS.map(([part, fill]) => {
          const at = from;
          from += sum[part];
          return (
            sum[part] > 0 && (
              <rect
                key={`${sum.layer} ${part}`}
                x={x(at)}
                y={row * (i + (1 - THICK) / 2)}
                width={x(sum[part])}
                height={row * THICK}
                fill={fill}
              />
            )
          );
        });
      })}
      <line
        x1={x(uniform)}
        x2={x(uniform)}
        y1={0}
        y2={height}
        stroke="var(--ink)"
        strokeDasharray="3 3"
      />
    </svg>
  );
}
