/**
 * Spearman's ρ of every pair, the lower half: a name stands at the end of its row and at the head
 * of its column.
 */
import { palette } from '../../colour.ts';
import { useDark } from '../../parts/use-media.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { agreeWords } from '../../../studies/agree/words.ts';
import { useWords } from '../../use-words.ts';
import { roomFor } from '../../plate/end-labels.tsx';

export const MATRIX_ROW = 24;
const SEAM = 2;

/** `rho[i][j]` of the i-th and j-th name, as far as they are measured. */
export function Matrix({
  width,
  names,
  rho,
  print,
}: {
  width: number;
  names: readonly string[];
  rho: readonly (readonly (number | null)[])[];
  print(v: number | null): string;
}) {
  const { diverging } = palette(useDark());
  const w = inLanguage(agreeWords, useWords());
  const cell = (width - roomFor(names)) / Math.max(1, names.length - 1);
  const mid = (MATRIX_ROW - SEAM) / 2;
  return (
    <svg width={width} height={names.length * MATRIX_ROW} aria-hidden="true">
      {names.map((name, i) => (
        <g key={name} transform={`translate(0 ${i * MATRIX_ROW})`}>
          {names.slice(0, i).map((other, j) => {
            const value = rho[i]?.[j];
            const shade = value == null ? null : diverging(0.5 + value / 2);
            return (
              <g key={other} transform={`translate(${j * cell} 0)`}>
                <rect
                  width={cell - SEAM}
                  height={MATRIX_ROW - SEAM}
                  style={{ fill: shade?.css ?? 'var(--void)' }}
                >
                  {value !== undefined && <title>{w.pair(other, name, print(value))}</title>}
                </rect>
                {value !== undefined && (
                  <text
                    x={(cell - SEAM) / 2}
                    y={mid}
                    dominantBaseline="central"
                    textAnchor="middle"
                    pointerEvents="none"
                    style={{ fill: shade?.ink ?? 'var(--ink2)' }}
                  >
                    {print(value)}
                  </text>
                )}
              </g>
            );
          })}
          <text x={i * cell + 6} y={mid} dominantBaseline="central" style={{ fill: 'var(--ink)' }}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}
