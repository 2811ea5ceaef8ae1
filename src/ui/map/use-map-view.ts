/** The current contents of the map, shared by the page and the SVG export. */
import { useMap } from '../../state/map-store.ts';
import { useMemo } from 'react';
import { drawsAsked } from '../../studies/map/draws.ts';
import { tableOfRanks, type RankTable } from '../../studies/map/rank-table.ts';
import { useLayout, useProbing, useRankTable } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import type { MapLayout } from '../../state/layout.ts';
import { useShown, useStudy } from '../../state/study-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useView } from '../../state/view-store.ts';
import { palette, scaleEnd } from '../colour.ts';
import { useDark } from '../parts/use-media.ts';
import { numbersOf } from '../../language/numbers.ts';
import { certaintyWords } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { contentOf, versusEnd } from './cell-content.ts';

const none: ReadonlySet<number> = new Set();

export type MapView = ReturnType<typeof useMapView>;

export function useMapView() {
  const words = useWords();
  const colours = palette(useDark());
  const layout = useLayout();
  const measured = useRankTable();
  const ranks = useAdapterRanks(measured.rows.length);
  const table = useMemo(
    () =>
      ranks
        ? tableOfRanks(
            measured.rows.map((r) => r.module),
            ranks,
          )
        : measured,
    [measured, ranks],
  );
  const phase = useStudy((s) => s.phase.map);
  const probed = useProbing()?.modules;
  const shown = useShown();
  const budget = useExperiment((e) => e.spec.allocation.meanRank);
  const meanRank = ranks && table.allocation ? table.allocation.spent / table.rows.length : budget;
  const wantsVersus = useView((v) => v.versus);

  const engine = useModel((m) => m.engine);
  const active =
    ranks === null &&
    engine !== 'none' &&
    (phase === 'running' || phase === 'paused' || phase === 'stopped');
  const adapter = useView((v) => v.adapter);
  const versus = wantsVersus && table.allocation ? meanRank : null;
  const largest = useMap((m) => m.largest);
  const end = scaleEnd(ranks ? Math.max(...table.rows.map((r) => r.multiple ?? 0)) : largest);
  const certainty = certaintyWords(words, shown?.spec.method.name);
  const contents = useMemo(() => {
    const drawn =
      active && shown
        ? { done: shown.measured.map((d) => d.length), of: drawsAsked(shown.spec.method) }
        : null;
    const probing = active && probed ? new Set(probed) : none;
    return table.rows.map((row) =>
      contentOf(row, {
        table,
        words,
        palette: colours,
        end,
        probing,
        drawn,
        versus,
        certainty,
        adapter: ranks !== null,
      }),
    );
  }, [ranks, table, words, colours, end, probed, active, shown, versus, certainty]);
  const feet = useMemo(
    () => columnMeans(table, layout, (m) => `${numbersOf(words.locale).fixed(m, 1)}×`),
    [table, layout, words],
  );
  const scale =
    versus === null
      ? { ramp: colours.sequential, from: 0, to: end }
      : { ramp: colours.diverging, from: -versusEnd(table, versus), to: versusEnd(table, versus) };
  return {
    layout,
    table,
    contents,
    feet,
    active,
    versus,
    scale,
    meanRank,
    certainty,
    adapter: ranks && adapter,
  };
}

/** Ranks of the adapter selected for the map, by module; null: show the measured ranks. */
function useAdapterRanks(modules: number): readonly number[] | null {
  const name = useView((v) => v.adapter);
  const ranks = useStudy((s) => s.adapters.find((a) => a.name === name)?.ranks);
  return ranks?.length === modules ? ranks : null;
}

/** Mean multiple of each column. Empty until every module is probed. */
function columnMeans(
  table: RankTable,
  layout: MapLayout,
  print: (multiple: number) => string,
): string[] {
  if (table.sweeps === 0) return layout.columns.map(() => '');
  return layout.columns.map((_, column) => {
    const found = layout.cells
      .filter((m, i) => m >= 0 && i % layout.columns.length === column)
      .map((m) => table.rows[m]?.multiple ?? 0);
    return print(found.reduce((a, b) => a + b, 0) / found.length);
  });
}
