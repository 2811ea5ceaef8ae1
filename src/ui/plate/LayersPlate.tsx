/** Importance by layer: attention against MLP with their intervals. Drawn anew once a sweep. */
import { memo, useMemo } from 'react';
import { Label, Line, LineChart, usePlotArea, XAxis, YAxis } from 'recharts';
import { SWEEPS_FOR_INTERVALS } from '../../studies/map/rank-table.ts';
import { useModules, useWholeDraws } from '../../state/derived.ts';
import { groupOf } from '../../state/layout.ts';
import { byLayer, type LayerPoint } from '../../state/series.ts';
import { useLater } from '../parts/use-later.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';
import { ChartFrame, useChartHeight } from './ChartFrame.tsx';
import { apart, EndLabel, roomFor } from './end-labels.tsx';
import { RoleTable } from './RoleTable.tsx';

const groups = ['attention', 'mlp', 'other'] as const;
const look = {
  attention: { stroke: 'var(--line-this)', text: 'var(--line-this)', dash: undefined },
  mlp: { stroke: 'var(--bar-mlp)', text: 'var(--text-mlp)', dash: '7 4' },
  other: { stroke: 'var(--bar-other)', text: 'var(--text-other)', dash: '2 3' },
} as const;

const TOP = 8;
const BOTTOM = 34;
/** The first layer stands off the axis. */
const INSET = 6;
const TICK = { fill: 'var(--ink2)', fontSize: 12 };

/** One row of recharts' data: the layer and the mean of each group. */
const pointOf = (p: LayerPoint) => ({
  layer: p.layer,
  ...Object.fromEntries(groups.flatMap((g) => (p[g] ? [[g, p[g].mean]] : []))),
});

/**
 * The dots of one line, and their intervals once there are some, as two paths: recharts' own are a
 * small component each, all drawn anew.
 */
function Marks({
  points,
  group,
  end,
  layers,
  intervals,
}: {
  points: readonly LayerPoint[];
  group: (typeof groups)[number];
  end: number;
  layers: number;
  intervals: boolean;
}) {
  const plot = usePlotArea();
  if (!plot) return null;
  const x = (layer: number) =>
    plot.x + INSET + ((plot.width - INSET) * layer) / Math.max(1, layers - 1);
  const y = (v: number) => plot.y + plot.height * (1 - Math.min(end, Math.max(0, v)) / end);
  const path = (of: (at: number, mean: number, low: number, high: number) => string) =>
    points
      .map((p) =>
        p[group] ? of(x(p.layer), y(p[group].mean), y(p[group].low), y(p[group].high)) : '',
      )
      .join('');
  return (
    <g stroke={look[group].stroke} fill="none">
      {intervals && (
        <path d={path((at, _, low, high) => `M${at - 3} ${low}h6m-3 0V${high}m-3 0h6`)} />
      )}
      <path
        d={path((at, mean) => `M${at} ${mean}h0`)}
        strokeWidth={layers > 16 ? 3.5 : 5}
        strokeLinecap="round"
      />
    </g>
  );
}

/**
 * The grid's lines and the dashed one of the mean module. Plain SVG, like the marks: every part of
 * recharts listens to all the others.
 */
function Rules({ ticks, end }: { ticks: readonly number[]; end: number }) {
  const plot = usePlotArea();
  if (!plot) return null;
  const line = (v: number) => `M${plot.x} ${plot.y + plot.height * (1 - v / end)}h${plot.width}`;
  return (
    <>
      <path d={ticks.map(line).join('')} stroke="var(--rule)" fill="none" />
      <path d={line(1)} stroke="var(--ink2)" strokeDasharray="3 3" fill="none" />
    </>
  );
}

/**
 * Rules, axes and lines: they stay as they are while the data moves, and recharts works out only
 * what changed.
 */
const Frame = memo(function Frame({
  layers,
  end,
  present,
  axis,
}: {
  layers: number;
  end: number;
  present: string;
  axis: string;
}) {
  const ticks = Array.from({ length: end + 1 }, (_, i) => i).filter((t) => end <= 5 || t % 2 === 0);
  return (
    <>
      <Rules ticks={ticks} end={end} />
      <XAxis
        dataKey="layer"
        type="number"
        domain={[0, Math.max(1, layers - 1)]}
        ticks={layerTicks(layers)}
        interval={0}
        niceTicks="none"
        height={BOTTOM}
        stroke="var(--rule2)"
        tick={TICK}
        tickLine={{ stroke: 'var(--rule2)' }}
        padding={{ left: INSET }}
      >
        <Label value={axis} position="insideBottom" offset={2} style={{ fill: 'var(--ink3)' }} />
      </XAxis>
      <YAxis
        domain={[0, end]}
        ticks={ticks}
        interval={0}
        niceTicks="none"
        width={30}
        axisLine={false}
        tickLine={false}
        tick={TICK}
      />
      {groups
        .filter((g) => present.includes(g))
        .map((g) => (
          <Line
            key={g}
            dataKey={g}
            stroke={look[g].stroke}
            strokeWidth={2}
            strokeDasharray={look[g].dash}
            dot={false}
            isAnimationActive={false}
            connectNulls
          />
        ))}
    </>
  );
});

/** Modules and their draws in one, so that what is shown a moment late belongs together. */
function useMeasured() {
  const { modules, layers } = useModules();
  const draws = useWholeDraws();
  return useMemo(() => ({ modules, layers, draws }), [modules, layers, draws]);
}

export function LayersPlate() {
  const words = useWords();
  const w = words.plate;
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
  const end = Math.max(2, Math.ceil(Math.max(0, ...all.map((e) => e.high))));
  const finding = top ? w.layerFinding(words.map[top.group], top.layer, top.mean) : w.layerEmpty;

  const last = points.at(-1);
  const labels = last
    ? apart(
        present.flatMap((g) =>
          last[g]
            ? [
                {
                  key: g,
                  words: `${words.map[g]} ${n.fixed(last[g].mean, 1)}`,
                  y: TOP + (height - TOP - BOTTOM) * (1 - Math.min(end, last[g].mean) / end),
                },
              ]
            : [],
        ),
        16,
      )
    : [];

  // The same before there are labels and for every number: the plot keeps its width, and little is
  // drawn anew.
  const room = roomFor(present.map((g) => `${words.map[g]} ${n.fixed(end < 10 ? 8 : 88, 1)}`));
  const data = useMemo(
    () =>
      points.length
        ? points.map(pointOf)
        : Array.from({ length: layers }, (_, layer) => ({ layer })),
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
          <LineChart
            width={width}
            height={height}
            data={data}
            margin={{ top: TOP, right: room, bottom: 0, left: 0 }}
            accessibilityLayer={false}
          >
            <Frame layers={layers} end={end} present={present.join(' ')} axis={w.layerAxis} />
            {present.map((g) => (
              <Marks
                key={g}
                points={points}
                group={g}
                end={end}
                layers={layers}
                intervals={sweeps >= SWEEPS_FOR_INTERVALS}
              />
            ))}
            {labels.map((l) => (
              <EndLabel
                key={l.key}
                x={width - room + 7}
                y={l.y}
                words={l.words}
                fill={look[l.key as keyof typeof look].text}
              />
            ))}
          </LineChart>
        )}
      </ChartFrame>
      <RoleTable />
    </>
  );
}

/** At most eight ticks, the last layer among them. */
function layerTicks(layers: number): number[] {
  const step = Math.max(1, Math.ceil((layers - 1) / 7));
  return Array.from({ length: Math.floor((layers - 1) / step) + 1 }, (_, i) => i * step);
}
