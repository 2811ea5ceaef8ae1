/**
 * Map of the differences between two results: a signed number if the intervals do not overlap,
 * otherwise a dot.
 */
import { useMemo } from 'react';
import { elementAt } from '../../checked.ts';
import { compareResults } from '../../state/comparison.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { mapLayout } from '../../state/layout.ts';
import type { useMap } from '../../state/map-store.ts';
import { type SavedResult } from '../../state/map-store.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { palette } from '../colour.ts';
import { signed, span, type CellContent } from '../map/cell-content.ts';
import { Legend } from '../map/Legend.tsx';
import { MapGrid } from '../map/MapGrid.tsx';
import { useDark } from '../parts/use-media.ts';
import { useWords } from '../use-words.ts';

export function useComparison(a: SavedResult, b: SavedResult) {
  const rule = useExperiment((e) => e.spec.allocation);
  return useMemo(() => compareResults(a, b, rule), [a, b, rule]);
}

export function CompareMap({ a, b }: NonNullable<ReturnType<typeof useMap.getState>['comparing']>) {
  const words = useWords();
  const w = words.compare;
  const { diverging } = palette(useDark());
  const { modules, changed, significant } = useComparison(a, b);
  const layers = a.result.model.layers;
  const layout = useMemo(() => mapLayout(a.result.modules, layers), [a, layers]);
  const { pointed, focused } = usePick(useView, 'pointed', 'focused');
  // The fill shows the difference before rounding, so a rank that barely rounds up looks small.
  const end = 2 * Math.ceil(Math.max(6, ...modules.map((m) => Math.abs(m.exact))) / 2);
  const contents = modules.map((m): CellContent => ({
    name: `${words.map.layer} ${m.a.module.layer} ${m.a.module.role}, ${signed(m.ranks)}, ${m.parts ? w.part : w.overlap}`,
    text: m.parts ? signed(m.ranks) : '·',
    short: m.parts ? signed(m.ranks) : '·',
    settled: m.parts,
    fill: diverging(0.5 + m.exact / (2 * end)),
    now: false,
    ticks: null,
  }));
  const feet = layout.columns.map((_, c) =>
    signed(
      layout.cells.reduce(
        (sum, m, i) =>
          m >= 0 && i % layout.columns.length === c ? sum + elementAt(modules, m).ranks : sum,
        0,
      ),
    ),
  );
  const at = modules[pointed ?? focused ?? -1];
  return (
    <section className="card map-card" aria-labelledby="map-title">
      <div className="head">
        <h2 id="map-title">{w.title}</h2>
        <span className="ink2">{w.subtitle}</span>
      </div>
      <div className="slot">
        <p className="finding">{w.finding(changed, significant, modules.length)}</p>
        <p className="how ink2 small">{w.how}</p>
      </div>
      <Legend
        label={w.legend}
        bar={{
          ramp: diverging,
          from: -end,
          to: end,
          ticks: [-end, -end / 2, 0, end / 2, end],
          strong: 0,
          print: signed,
          width: 190,
        }}
        keys={
          <>
            <span>
              <b>+3</b> {w.part}
            </span>
            <span>· {w.overlap}</span>
          </>
        }
      />
      <div
        className={`map alone${layers > 16 ? ' many' : layers > 8 ? ' some' : ''}`}
        style={{ '--layers': layers, '--seam': layers > 16 ? '2px' : '3px' } as React.CSSProperties}
      >
        <MapGrid
          layout={layout}
          contents={contents}
          feet={feet}
          footName={w.net}
          caret={null}
          onOpen={() => undefined}
        />
      </div>
      <div className="strip">
        {at && (
          <>
            <div>
              <small className="what">
                <b>{words.strip.title(at.a.module.layer, at.a.module.role)}</b>
              </small>
              <span className="path">{at.a.module.path}</span>
            </div>
            <div>
              <small className="what">{w.rankOf(w.a)}</small>
              {at.a.range ? span(at.a.range.low, at.a.range.high) : at.a.rank}
            </div>
            <div>
              <small className="what">{w.rankOf(w.b)}</small>
              {at.b.range ? span(at.b.range.low, at.b.range.high) : at.b.rank}
            </div>
            <div>
              <small className="what">{w.legend}</small>
              {signed(at.ranks)} <small className="ink2">{at.parts ? w.part : w.overlap}</small>
            </div>
          </>
        )}
      </div>
    </section>
  );
}
