/**
 * Small maps, three per row, with one colour scale: layers from the top, columns as on the main
 * map.
 */
import { elementAt } from '../../../checked.ts';
import type { AgreeMethod } from '../../../studies/agree/settings.ts';
import type { MeasuredModule } from '../../../studies/map/result.ts';
import { gapsBefore, type MapLayout } from '../../../state/layout.ts';
import { palette } from '../../colour.ts';
import { useDark } from '../../parts/use-media.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { agreeWords } from '../../../studies/agree/words.ts';
import { useWords } from '../../use-words.ts';

const ACROSS = 3;
const BETWEEN = 16;
const HEAD = 38;
const FOOT = 8;
const SEAM = 1;
const GROUP = 4;
const rowOf = (layers: number) => (layers > 16 ? 5 : 8);

/** Height of this number of maps, in CSS pixels. */
export const mapsHeight = (methods: number, layers: number): number =>
  Math.ceil(methods / ACROSS) * (HEAD + layers * rowOf(layers) + FOOT);

export interface MethodMap {
  method: AgreeMethod;
  name: string;
  time: string;
  /** Multiples of the mean importance; null: not measured yet. */
  values: readonly number[] | null;
  /** Being measured now. */
  now: boolean;
}

interface Props {
  width: number;
  layout: MapLayout;
  modules: readonly MeasuredModule[];
  maps: readonly MethodMap[];
  end: number;
}

export function MethodMaps({ width, layout, modules, maps, end }: Props) {
  const { sequential } = palette(useDark());
  const w = inLanguage(agreeWords, useWords());
  const { columns, groups, cells, layers } = layout;
  const row = rowOf(layers);
  const own = (width - (ACROSS - 1) * BETWEEN) / ACROSS;
  const high = HEAD + layers * row + FOOT;
  const cell = (own - GROUP * (groups.length - 1)) / Math.max(1, columns.length);
  const x = (column: number) => column * cell + GROUP * gapsBefore(layout, column);
  return (
    <svg width={width} height={mapsHeight(maps.length, layers)} aria-hidden="true">
      {maps.map(({ method, name, time, values, now }, at) => (
        <g
          key={method}
          transform={`translate(${(at % ACROSS) * (own + BETWEEN)} ${Math.floor(at / ACROSS) * high})`}
        >
          <text y={16} style={{ fill: 'var(--ink)', fontWeight: 600 }}>
            {name}
          </text>
          <text y={32}>{time}</text>
          {cells.map(
            (m, i) =>
              m >= 0 && (
                <rect
                  key={i}
                  x={x(i % columns.length)}
                  y={HEAD + row * Math.floor(i / columns.length)}
                  width={Math.max(1, cell - SEAM)}
                  height={row - SEAM}
                  style={{ fill: values ? sequential(values[m]! / end).css : 'var(--void)' }}
                >
                  {values && (
                    <title>
                      {w.cell(elementAt(modules, m).layer, elementAt(modules, m).role, values[m]!)}
                    </title>
                  )}
                </rect>
              ),
          )}
          {now && (
            <rect
              x={-2}
              y={HEAD - 2}
              width={own + 3}
              height={layers * row + 3}
              fill="none"
              stroke="var(--now)"
              strokeWidth={2}
            />
          )}
        </g>
      ))}
    </svg>
  );
}
