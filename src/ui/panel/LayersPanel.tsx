/**
 * Panel of importance by layer: attention, MLP and other modules with their intervals. Updates once
 * per sweep.
 */
import { memo, useMemo } from 'react';
import { usePlotArea } from 'recharts';
import { SWEEPS_FOR_INTERVALS } from '../../studies/map/rank-table.ts';
import { useModules, useWholeDraws } from '../../state/derived.ts';
import { groupOf } from '../../state/layout.ts';
import { byLayer, type LayerPoint } from '../../state/series.ts';
import { axisOf, wholeTicks } from '../charts/axis.ts';
import { Chart, useScales, type HorizontalAxis } from '../charts/Chart.tsx';
import { ChartFrame, useChartHeight } from '../charts/ChartFrame.tsx';
import { EndLabels, labelSpace } from '../charts/EndLabels.tsx';
import { intervalPath } from '../charts/interval.ts';
import { look } from '../charts/looks.ts';
import { SeriesLine } from '../charts/SeriesLine.tsx';
import { useLater } from '../parts/use-later.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';
import { RoleTable } from './RoleTable.tsx';

const groups = ['attention', 'mlp', 'other'] as const;
type Group = (typeof groups)[number];
const looks = {
  attention: look('this'),
  mlp: { stroke: 'var(--bar-mlp)', text: 'var(--text-mlp)', dash: '7 4' },
  other: { stroke: 'var(--bar-other)', text: 'var(--text-other)', dash: '2 3' },
};

/** One row of the chart: the layer and the mean of each group. */
const rowOf = (p: LayerPoint) => ({
  x: p.layer,
  ...Object.fromEntries(groups.flatMap((g) => (p[g] ? [[g, p[g].mean]] : []))),
});

/**
 * The dots of one line and their intervals, if available, as two paths. Recharts would render a
 * component per mark and re-render all of them.
 */
function Marks({
  points,
  group,
  intervals,
}: {
  points: readonly LayerPoint[];
  group: Group;
  intervals: boolean;
}) {
  const scales = useScales();
  if (!scales) return null;
  const { x, y } = scales;
  const path = (of: (at: number, mean: number, low: number, high: number) => string) =>
    points
      .map((p) =>
        p[group]
          ? of(x(p.layer), y(p[group].mean), y(Math.max(0, p[group].low)), y(p[group].high))
          : '',
      )
      .join('');
  return (
    <g stroke={looks[group].stroke} fill="none">
      {intervals && <path d={path((at, _, low, high) => intervalPath(at, low, high))} />}
      <path
        d={path((at, mean) => `M${at} ${mean}h0`)}
        strokeWidth={points.length > 16 ? 3.5 : 5}
        strokeLinecap="round"
      />
    </g>
  );
}

/** A dashed line at the mean importance. */
function Mean() {
  const scales = useScales();
  const plot = usePlotArea();
  if (!scales || !plot) return null;
  return (
    <path
      d={`M${plot.x} ${scales.y(1)}h${plot.width}`}
      stroke="var(--ink2)"
      strokeDasharray="3 3"
    />
  );
}

/** Memoised, so that new data does not re-render the line components. */
const Lines = memo(function Lines({ present }: { present: string }) {
  return groups
    .filter((g) => present.includes(g))
    .map((g) => <SeriesLine key={g} dataKey={g} look={looks[g]} dots={0} />);
});

/** Combines modules and draws in one value, so that the delayed values match. */
function useMeasured() {
  const { modules, layers } = useModules();
  const draws = useWholeDraws();
  return useMemo(() => ({ modules, layers, draws }), [modules, layers, draws]);
}

export function LayersPanel() {
  const words = useWords();
  const w = words.panel;
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const { modules, layers, draws } = useLater(useMeasured());
  const sweeps = draws?.[0]?.length ?? 0;
  const points = useMemo(() => byLayer(modules, draws, layers), [modules, draws, layers]);

  const empty = points.length === 0;
  const present = groups.filter((g) => modules.some((m) => groupOf(m.group) === g));
  const all = points.flatMap((p) =>
    present.flatMap((g) => (p[g] ? [{ group: g, layer: p.layer, ...p[g] }] : [])),
  );
  const top = all.reduce<(typeof all)[number] | null>(
    (best, e) => (e.mean > (best?.mean ?? -1) ? e : best),
    null,
  );
  const finding = top ? w.layerFinding(words.map[top.group], top.layer, top.mean) : w.layerEmpty;

  const last = points.at(-1);
  // Axes are memoised, so that equal axes do not re-render the chart.
  const end = Math.max(2, Math.ceil(Math.max(0, ...all.map((e) => e.high))));
  const y = useMemo(() => axisOf([0, end], n.fixed), [end, n]);
  const x = useMemo(
    (): HorizontalAxis => ({
      domain: [0, Math.max(1, layers - 1)],
      ticks: wholeTicks(0, Math.max(1, layers - 1)),
      print: String,
      label: w.layerAxis,
      inset: { left: 6 },
    }),
    [layers, w.layerAxis],
  );
  // Independent of the values, so that the plot has the same width before and after labels appear.
  const space = labelSpace(present.map((g) => `${words.map[g]} ${n.fixed(end < 10 ? 8 : 88, 1)}`));
  const rows = useMemo(
    () =>
      points.length ? points.map(rowOf) : Array.from({ length: layers }, (_, i) => ({ x: i })),
    [points, layers],
  );
  return (
    <>
      <ChartFrame
        title={w.layerTitle}
        finding={finding}
        note={
          empty ? w.layerEmptyNote : sweeps < SWEEPS_FOR_INTERVALS ? w.layerNoteOne : w.layerNote
        }
        empty={empty}
        unit={w.importanceAxis}
        height={height}
        data={{
          columns: [
            w.layerAxis,
            ...present.flatMap((g) => [
              words.map[g],
              `${words.map[g]} 2.5 %`,
              `${words.map[g]} 97.5 %`,
            ]),
          ],
          rows: points.map((p) => [
            p.layer,
            ...present.flatMap((g) => [p[g]?.mean ?? null, p[g]?.low ?? null, p[g]?.high ?? null]),
          ]),
        }}
        print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 2))}
      >
        {(width) => (
          <Chart width={width} height={height} rows={rows} x={x} y={y} right={space}>
            <Mean />
            <Lines present={present.join(' ')} />
            {present.map((g) => (
              <Marks key={g} points={points} group={g} intervals={sweeps >= SWEEPS_FOR_INTERVALS} />
            ))}
            <EndLabels
              labels={present.flatMap((g) =>
                last?.[g]
                  ? [
                      {
                        key: g,
                        words: `${words.map[g]} ${n.fixed(last[g].mean, 1)}`,
                        value: last[g].mean,
                        fill: looks[g].text,
                      },
                    ]
                  : [],
              )}
            />
          </Chart>
        )}
      </ChartFrame>
      <RoleTable />
    </>
  );
}
