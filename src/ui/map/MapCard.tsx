/**
 * The main view: finding, legend, map with its bars, and the focus strip. The table replaces the
 * map on request.
 */
import { useShown } from '../../state/study-store.ts';
import { Suspense, useState } from 'react';
import { useModules, useProbing } from '../../state/derived.ts';
import { useModel } from '../../state/model-store.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { lazyPart } from '../parts/lazy-part.tsx';
import { useMedia, usePhone } from '../parts/use-media.ts';
import { Term } from '../parts/Term.tsx';
import { describeMeasured } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { signed } from './cell-content.ts';
import { Finding } from './Finding.tsx';
import { FocusStrip } from './FocusStrip.tsx';
import { Legend, rampTicks } from './Legend.tsx';
import { MapBars } from './MapBars.tsx';
import { MapGrid } from './MapGrid.tsx';
import { MapTools } from './MapTools.tsx';
import { useMapView, type MapView } from './use-map-view.ts';

const RankTableView = lazyPart(async () => (await import('./RankTableView.tsx')).RankTableView);

/**
 * `caption` replaces the finding if the ranks are those of a whole run whose repeats are unknown.
 */
export function MapCard({ caption }: { caption?: { title: string; how: string } | undefined }) {
  const words = useWords();
  const phone = usePhone();
  const wide = useMedia('(min-width: 1360px), (max-width: 639px)');
  const { layers } = useModules();
  const view = useMapView();
  const { layout, table, contents, feet, active, versus, scale, meanRank, certainty, adapter } =
    view;
  const caret = useProbing()?.layer ?? null;
  const { table: asTable, set } = usePick(useView, 'table', 'set');

  const keys = <Keys view={view} whole={!!caption} />;
  const legend =
    versus === null ? (
      <Legend
        label={
          adapter === null ? (
            <>
              <Term of="importance">{words.map.importance}</Term>
              {words.map.ofMean}
            </>
          ) : (
            words.adapters.scale
          )
        }
        bar={{ ...scale, ticks: rampTicks(scale.to), strong: 1, width: wide ? 150 : 120 }}
        keys={keys}
      />
    ) : (
      <Legend
        label={words.map.vsLegend}
        bar={{
          ...scale,
          ticks: [-1, -0.5, 0, 0.5, 1].map((k) => k * scale.to),
          strong: 0,
          print: signed,
          width: 190,
        }}
        keys={keys}
      />
    );

  const map = (
    <div
      className={`map${layers > 16 ? ' many' : layers > 8 ? ' some' : ''}`}
      style={{ '--layers': layers, '--seam': layers > 16 ? '2px' : '3px' } as React.CSSProperties}
    >
      <MapGrid
        layout={layout}
        contents={contents}
        feet={feet}
        footName={words.map.mean}
        caret={active ? caret : null}
        onOpen={(opened) => set({ opened, focused: opened, stepped: false })}
      />
      {!phone && <MapBars table={table} layout={layout} meanRank={meanRank} />}
    </div>
  );

  return (
    <section className="card map-card" aria-labelledby="map-title">
      <div className="head">
        <h2 id="map-title">{words.map.title}</h2>
        {adapter === null && table.sweeps > 0 && <Subtitle />}
        {!phone && <MapTools view={view} />}
      </div>
      {adapter !== null ? (
        <AdapterShown name={adapter} />
      ) : caption ? (
        <div className="slot">
          <p className="finding">{caption.title}</p>
          <p className="how ink2 small">{caption.how}</p>
        </div>
      ) : (
        <Finding table={table} />
      )}
      {asTable ? (
        <Suspense fallback={null}>
          <RankTableView
            table={table}
            layers={layers}
            certainty={certainty}
            adapter={adapter !== null}
          />
        </Suspense>
      ) : phone ? (
        <>
          {map}
          {legend}
          <PhoneBars view={view} />
        </>
      ) : (
        <>
          {legend}
          {map}
        </>
      )}
      <Strip view={view} whole={!!caption} />
    </section>
  );
}

/**
 * Shown instead of the finding: the name of the adapter whose ranks are on the map, and a button to
 * go back.
 */
function AdapterShown({ name }: { name: string }) {
  const w = useWords().adapters;
  const set = useView((v) => v.set);
  return (
    <div className="slot">
      <p className="finding">{w.shown(w.name(name))}</p>
      <p className="how small">
        <button type="button" className="link" onClick={() => set({ adapter: null })}>
          {w.back}
        </button>
      </p>
    </div>
  );
}

function Subtitle() {
  const words = useWords();
  const shown = useShown();
  return shown && <span className="ink2">{describeMeasured(words, shown)}</span>;
}

/** On a phone the bars do not fit next to the map, so they fold out below it. */
function PhoneBars({ view }: { view: MapView }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <div className="row centre layers">
        <button type="button" className="plain" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? '▾' : '▸'} {words.map.ranksPerLayer}
        </button>
        <MapTools view={view} />
      </div>
      {open && (
        <div
          className="map bars-only"
          style={{ '--layers': view.layout.layers, '--seam': '3px' } as React.CSSProperties}
        >
          <MapBars table={view.table} layout={view.layout} meanRank={view.meanRank} numbered />
        </div>
      )}
    </>
  );
}

/**
 * Subscribes to the pointer and the focus itself, so that moving over the map re-renders nothing
 * else.
 */
function Strip({ view: { table, certainty, adapter }, whole }: { view: MapView; whole: boolean }) {
  const at = useView((v) => v.pointed ?? v.focused);
  const modules = useModel((m) => m.facts?.modules);
  const row = table.rows[at ?? -1] ?? (table.sweeps > 0 ? leader(table.rows) : undefined);
  return (
    <FocusStrip
      row={row}
      whole={whole}
      format={modules?.[row?.index ?? -1]?.format}
      certainty={certainty}
      adapter={adapter !== null}
    />
  );
}

/** The module with the highest multiple. The strip shows it until a module is pointed at. */
const leader = <R extends { multiple: number | null }>(rows: readonly R[]): R | undefined =>
  rows.reduce<R | undefined>(
    (best, row) => ((row.multiple ?? -1) > (best?.multiple ?? -1) ? row : best),
    undefined,
  );

function Keys({
  view: {
    active,
    table: { sweeps, settled },
    versus,
    certainty,
    adapter,
  },
  whole,
}: {
  view: MapView;
  whole: boolean;
}) {
  const { map, adapters } = useWords();
  const probing = active && (
    <span>
      <em>▸</em> {map.probing}
    </span>
  );
  const sign = versus === null ? '' : '+';
  if (sweeps === 0)
    return (
      <>
        <span>· {map.notProbed}</span>
        {probing}
      </>
    );
  if (settled === null)
    return (
      <>
        <span>
          {sign}6 {adapter !== null ? adapters.ranks : whole ? map.rank : map.soFar}
        </span>
        {probing}
      </>
    );
  return (
    <>
      <span>
        <b>{sign}6</b> <Term of="settled">{certainty.one}</Term>
      </span>
      <span>
        {sign ? '+6' : '5–7'} {certainty.several} ({map.column.interval})
      </span>
      {probing}
    </>
  );
}
