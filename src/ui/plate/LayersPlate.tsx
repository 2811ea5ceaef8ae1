/** Importance by layer: attention against MLP with their intervals, and below it importance and rank by module type. */
import { useMemo } from 'react';
import { CartesianGrid, ErrorBar, Label, Line, LineChart, ReferenceLine, XAxis, YAxis } from 'recharts';
import { SWEEPS_FOR_INTERVALS } from '../../experiment/rank-table.ts';
import { useModules, useRankTable } from '../../state/derived.ts';
import { groupOf } from '../../state/layout.ts';
import { useRun } from '../../state/run-store.ts';
import { byLayer, byRole, type LayerPoint } from '../../state/series.ts';
import { numbersOf } from '../words/numbers.ts';
import { useWords } from '../words/use-words.ts';
import { ChartFrame, useChartHeight } from './ChartFrame.tsx';
import { apart, EndLabel, roomFor } from './end-labels.tsx';

const groups = ['attention', 'mlp', 'other'] as const;
const look = {
  attention: { stroke: 'var(--line-this)', text: 'var(--line-this)', dash: undefined },
  mlp: { stroke: 'var(--bar-mlp)', text: 'var(--text-mlp)', dash: '7 4' },
  other: { stroke: 'var(--bar-other)', text: 'var(--text-other)', dash: '2 3' },
} as const;

const TOP = 8, BOTTOM = 34;

/** One row of recharts' data: value and [below, above] of each group. */
const pointOf = (p: LayerPoint) => Object.fromEntries([['layer', p.layer], ...groups.flatMap((g) => {
  const e = p[g];
  return e ? [[g, e.mean], [`${g}Error`, [e.mean - e.low, e.high - e.mean]]] : [];
})]) as Record<string, number | [number, number]>;

export function LayersPlate() {
  const words = useWords();
  const w = words.plate;
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const { modules, layers } = useModules();
  const draws = useRun((r) => r.shown?.draws);
  const cleanLoss = useRun((r) => r.shown?.cleanLoss ?? null);
  const table = useRankTable();
  const points = useMemo(() => (draws ? byLayer(modules, draws, layers) : []), [modules, draws, layers]);
  const roles = useMemo(() => (draws ? byRole(modules, draws) : []), [modules, draws]);

  const empty = points.length === 0;
  const present = groups.filter((g) => modules.some((m) => groupOf(m.group) === g));
  const all = points.flatMap((p) => present.flatMap((g) => (p[g] ? [{ group: g, layer: p.layer, ...p[g] }] : [])));
  const top = all.reduce<(typeof all)[number] | null>((best, e) => (e.mean > (best?.mean ?? -1) ? e : best), null);
  const end = Math.max(2, Math.ceil(Math.max(0, ...all.map((e) => e.high))));
  const ticks = Array.from({ length: end + 1 }, (_, i) => i).filter((t) => end <= 5 || t % 2 === 0);
  const finding = top ? w.layerFinding(words.map[top.group], top.layer, top.mean) : w.layerEmpty;

  const margin = (half: number) => n.fixed(half, half < 0.01 ? 3 : 2);
  const last = points.at(-1);
  const labels = last ? apart(present.flatMap((g) => (last[g] ? [{ key: g, words: `${words.map[g]} ${n.fixed(last[g].mean, 1)}`, y: TOP + (height - TOP - BOTTOM) * (1 - Math.min(end, last[g].mean) / end) }] : [])), 16) : [];

  const room = roomFor(labels);
  return (
    <>
      <ChartFrame
        title={w.layerTitle} finding={finding} note={empty ? w.layerEmptyNote : table.sweeps < SWEEPS_FOR_INTERVALS ? w.layerNoteOne : w.layerNote} empty={empty} unit={w.importanceAxis} height={height}
        data={{ columns: [w.layerAxis, ...present.flatMap((g) => [words.map[g], `${words.map[g]} 2.5 %`, `${words.map[g]} 97.5 %`])], rows: points.map((p) => [p.layer, ...present.flatMap((g) => [p[g]?.mean ?? null, p[g]?.low ?? null, p[g]?.high ?? null])]) }}
        print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 2))}
      >
        {(width) => (
          <LineChart width={width} height={height} data={empty ? Array.from({ length: layers }, (_, layer) => ({ layer })) : points.map(pointOf)} margin={{ top: TOP, right: room, bottom: 0, left: 0 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--rule)" />
            <XAxis dataKey="layer" type="number" domain={[0, Math.max(1, layers - 1)]} ticks={layerTicks(layers)} height={BOTTOM} stroke="var(--rule2)" tick={{ fill: 'var(--ink2)', fontSize: 12 }} tickLine={{ stroke: 'var(--rule2)' }} padding={{ left: 6 }}>
              <Label value={w.layerAxis} position="insideBottom" offset={2} style={{ fill: 'var(--ink3)', fontSize: 12 }} />
            </XAxis>
            <YAxis domain={[0, end]} ticks={ticks} width={30} axisLine={false} tickLine={false} tick={{ fill: 'var(--ink2)', fontSize: 12 }} />
            <ReferenceLine y={1} stroke="var(--ink2)" strokeDasharray="3 3" />
            {present.map((g) => (
              <Line key={g} dataKey={g} stroke={look[g].stroke} strokeWidth={2} strokeDasharray={look[g].dash} dot={{ r: layers > 16 ? 1.75 : 2.5, fill: look[g].stroke, strokeWidth: 0, strokeDasharray: '0' }} isAnimationActive={false} connectNulls>
                {table.sweeps >= SWEEPS_FOR_INTERVALS && <ErrorBar dataKey={`${g}Error`} width={3} stroke={look[g].stroke} strokeWidth={1} isAnimationActive={false} />}
              </Line>
            ))}
            {labels.map((l) => <EndLabel key={l.key} x={width - room + 7} y={l.y} words={l.words} fill={look[l.key as keyof typeof look].text} />)}
          </LineChart>
        )}
      </ChartFrame>
      <h3 className="role-title">{w.roleTitle}</h3>
      <table className="roles">
        <thead><tr><th scope="col">{w.roleColumns.type}</th><th scope="col">{w.roleColumns.multiple}</th><th scope="col">{w.roleColumns.share}</th><th scope="col">{w.roleColumns.parameters}</th></tr></thead>
        <tbody>
          {(roles.length ? roles.map((r) => r.role) : [...new Set(modules.map((m) => m.role))]).map((role, i) => {
            const line = roles[i];
            const rows = table.rows.filter((r) => r.module.role === role);
            const ranks = rows.reduce((sum, r) => sum + (r.rank ?? 0), 0), total = table.rows.reduce((sum, r) => sum + (r.rank ?? 0), 0);
            return (
              <tr key={role}>
                <td className="bold">{role}</td>
                <td>{line ? n.fixed(line.multiple.mean, 2) : '–'}{line && table.sweeps >= SWEEPS_FOR_INTERVALS && <small className="ink2"> ±{margin((line.multiple.high - line.multiple.low) / 2)}</small>}</td>
                <td>{table.allocation && total > 0 ? `${n.whole((100 * ranks) / total)} %` : '–'}</td>
                <td>{table.allocation ? n.whole(rows.reduce((sum, r) => sum + (r.parameters ?? 0), 0)) : '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="small ink2 rule-top">{cleanLoss === null ? w.roleNote : w.cleanLoss(cleanLoss, Math.exp(cleanLoss))}</p>
    </>
  );
}

/** At most eight ticks, the last layer among them. */
function layerTicks(layers: number): number[] {
  const step = Math.max(1, Math.ceil((layers - 1) / 7));
  return Array.from({ length: Math.floor((layers - 1) / step) + 1 }, (_, i) => i * step);
}
