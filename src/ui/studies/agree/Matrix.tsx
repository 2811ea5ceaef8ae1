/**
 * Spearman's ρ of every pair, as the lower triangle. Each name is at the end of its row and at the
 * head of its column.
 */
import { palette } from '../../colour.ts';
import { useDark } from '../../parts/use-media.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { agreeWords } from '../../../studies/agree/words.ts';
import { labelSpace } from '../../charts/EndLabels.tsx';
import { ShadedCell } from '../../charts/ShadedCell.tsx';
import { useWords } from '../../use-words.ts';

export const MATRIX_ROW = 24;
const SEAM = 2;

/** `rho[i][j]` is the correlation of the i-th and j-th name, if measured. */
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
  const cell = (width - labelSpace(names)) / Math.max(1, names.length - 1);
  return (
    <svg width={width} height={names.length * MATRIX_ROW} aria-hidden="true">
      {names.map((name, i) => (
        <g key={name} transform={`translate(0 ${i * MATRIX_ROW})`}>
          {names.slice(0, i).map((other, j) => {
            const value = rho[i]?.[j];
            return (
              <ShadedCell
                key={other}
                x={j * cell}
                y={0}
                width={cell - SEAM}
                height={MATRIX_ROW - SEAM}
                shade={value == null ? null : diverging(0.5 + value / 2)}
                word={value === undefined ? null : print(value)}
                title={value === undefined ? null : w.pair(other, name, print(value))}
              />
            );
          })}
          <text
            x={i * cell + 6}
            y={(MATRIX_ROW - SEAM) / 2}
            dominantBaseline="central"
            style={{ fill: 'var(--ink)' }}
          >
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}
