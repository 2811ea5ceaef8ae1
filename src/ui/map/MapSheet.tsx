/** The hero: finding, legend, map with its bars, and the strip. The table takes the map's place when asked for. */
import { useMemo } from 'react';
import { SWEEPS_FOR_INTERVALS } from '../../experiment/rank-table.ts';
import { useLayout, useModules, useRankTable } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useRun } from '../../state/run-store.ts';
import { useView } from '../../state/view-store.ts';
import { palette, scaleEnd } from '../colour.ts';
import { useDark, usePhone } from '../parts/use-media.ts';
import { Term } from '../parts/Term.tsx';
import { numbersOf } from '../words/numbers.ts';
import { useWords } from '../words/use-words.ts';
import { faceOf, signed, versusEnd } from './faces.ts';
import { Finding } from './Finding.tsx';
import { FocusStrip } from './FocusStrip.tsx';
import { Legend, rampTicks } from './Legend.tsx';
import { MapBars } from './MapBars.tsx';
import { MapGrid } from './MapGrid.tsx';
import { MapTools } from './MapTools.tsx';
import { RankTableView } from './RankTableView.tsx';

export function MapSheet() {
  const words = useWords();
  const n = numbersOf(words.locale);
  const colours = palette(useDark());
  const phone = usePhone();
  const layout = useLayout();
  const { layers } = useModules();
  const table = useRankTable();
  const phase = useRun((r) => r.phase);
  const probing = useRun((r) => r.shown?.probing ?? null);
  const asked = useRun((r) => r.shown?.spec.method.repeats);
  const meanRank = useExperiment((e) => e.spec.allocation.meanRank);
  const modules = useModel((m) => m.facts?.modules);
  const { table: asTable, versus: wantsVersus, pointed, focused, set } = useView();

  const active = phase === 'running' || phase === 'paused' || phase === 'stopped';
  const versus = wantsVersus && table.allocation ? meanRank : null;
  const end = scaleEnd(Math.max(0, ...table.rows.map((r) => r.multiple ?? 0)));
  const faces = useMemo(() => {
    const now = new Set(active ? probing?.modules : []);
    return table.rows.map((row) => faceOf(row, { table, words, palette: colours, end, probing: now, repeats: active && asked ? asked : null, versus }));
  }, [table, words, colours, end, probing, active, asked, versus]);

  const feet = layout.columns.map((_, column) => {
    const values = table.rows.filter((r) => layout.cells.indexOf(r.index) % layout.columns.length === column).map((r) => r.multiple).filter((m) => m !== null);
    return values.length < layers || table.sweeps === 0 ? '' : `${n.fixed(values.reduce((a, b) => a + b, 0) / values.length, 1)}×`;
  });
  const strip = pointed ?? focused ?? null;
  const row = table.rows[strip ?? -1] ?? (table.sweeps > 0 ? leader(table.rows) : undefined);

  const legend = versus === null
    ? <Legend label={<><Term of="importance">{words.map.importance}</Term>{words.map.ofMean}</>} bar={{ ramp: colours.sequential, from: 0, to: end, ticks: rampTicks(end), strong: 1 }} keys={<Keys active={active} sweeps={table.sweeps} />} />
    : <Legend label={words.map.vsLegend} bar={versusBar(versusEnd(table, versus), colours.diverging)} keys={<Keys active={active} sweeps={table.sweeps} plus />} />;

  const map = (
    <div className={`map${layers > 16 ? ' many' : layers > 8 ? ' some' : ''}`} style={{ '--layers': layers, '--seam': layers > 16 ? '2px' : '3px' } as React.CSSProperties}>
      <MapGrid layout={layout} faces={faces} feet={feet} footName={words.map.mean} caret={active ? probing?.layer ?? null : null} onOpen={(opened) => set({ opened, focused: opened })} />
      {!phone && <MapBars table={table} layout={layout} />}
    </div>
  );

  return (
    <section className="sheet map-sheet" aria-labelledby="map-title">
      <div className="head">
        <h2 id="map-title">{words.map.title}</h2>
        {table.sweeps > 0 && <span className="ink2">{words.map.subtitle(table.sweeps)}</span>}
        <MapTools />
      </div>
      <Finding table={table} />
      {asTable
        ? <RankTableView table={table} layers={layers} />
        : phone ? <>{map}{legend}<details className="layers"><summary>{words.map.ranksPerLayer}</summary><div className="map bars-only" style={{ '--layers': layers, '--seam': '3px' } as React.CSSProperties}><MapBars table={table} layout={layout} numbered /></div></details></> : <>{legend}{map}</>}
      <FocusStrip row={row} format={modules?.[row?.index ?? -1]?.format} />
    </section>
  );
}

/** Before anything is pointed at, the strip shows the module that matters most. */
const leader = <R extends { importance: number | null }>(rows: readonly R[]): R | undefined =>
  rows.reduce<R | undefined>((best, row) => ((row.importance ?? -1) > (best?.importance ?? -1) ? row : best), undefined);

const versusBar = (end: number, ramp: ReturnType<typeof palette>['diverging']) => ({
  ramp, from: -end, to: end, ticks: [-end, -end / 2, 0, end / 2, end], strong: 0, print: signed, width: 190,
});

function Keys({ active, sweeps, plus }: { active: boolean; sweeps: number; plus?: boolean }) {
  const { map } = useWords();
  const probing = active && <span><em>▸</em> {map.probing}</span>;
  const sign = plus ? '+' : '';
  if (sweeps === 0) return <><span>· {map.notProbed}</span>{probing}</>;
  if (sweeps < SWEEPS_FOR_INTERVALS) return <><span>{sign}6 {map.soFar}</span>{probing}</>;
  return <><span><b>{sign}6</b> {map.settled}</span><span>{plus ? '+6' : '5–7'} {map.open}</span>{probing}</>;
}
