/** Beside the map: what the run shows, as charts; a module in the open or two results compared take its place. */
import { lazy, Suspense, type KeyboardEvent, type LazyExoticComponent, type ReactNode } from 'react';
import { useRun } from '../../state/run-store.ts';
import { usePick } from '../../state/pick.ts';
import { useView, type PlateTab } from '../../state/view-store.ts';
import type { StudyKind } from '../../experiment/spec.ts';
import { openStudy, useExperiment } from '../../state/experiment-store.ts';
import { useWords } from '../words/use-words.ts';

// Charts come in one piece, after the map: the page is usable before they are there.
const charts = () => import('./charts.ts');
const LayersPlate = lazy(() => charts().then((c) => ({ default: c.LayersPlate })));
const CertaintyPlate = lazy(() => charts().then((c) => ({ default: c.CertaintyPlate })));

const ComparePlate = lazy(() => import('../compare/ComparePlate.tsx').then((m) => ({ default: m.ComparePlate })));
const ModulePanel = lazy(() => import('./ModulePanel.tsx').then((m) => ({ default: m.ModulePanel })));

const AgreePlate = lazy(() => import('./agree/AgreePlate.tsx').then((m) => ({ default: m.AgreePlate })));

/** The studies that have a tab; agreement covers the plate instead. */
const plates: Partial<Record<StudyKind, LazyExoticComponent<() => ReactNode>>> = {
  race: lazy(() => import('./race/RacePlate.tsx').then((m) => ({ default: m.RacePlate }))),
  slider: lazy(() => import('./slider/SliderPlate.tsx').then((m) => ({ default: m.SliderPlate }))),
  prune: lazy(() => import('./prune/PrunePlate.tsx').then((m) => ({ default: m.PrunePlate }))),
  compress: lazy(() => import('./compress/CompressPlate.tsx').then((m) => ({ default: m.CompressPlate }))),
  samples: lazy(() => import('./samples/SamplesPlate.tsx').then((m) => ({ default: m.SamplesPlate }))),
};

const tabs: (PlateTab | StudyKind)[] = ['layers', 'certainty', ...(Object.keys(plates) as StudyKind[])];

/** What a tab shows, or a study without one. */
export function PlatePanel({ tab }: { tab: PlateTab | StudyKind }) {
  const StudyPlate = tab === 'layers' || tab === 'certainty' ? null : tab === 'agree' ? AgreePlate : plates[tab];
  return <Suspense fallback={<div className="chart-room" />}>{StudyPlate ? <StudyPlate /> : tab === 'layers' ? <LayersPlate /> : <CertaintyPlate />}</Suspense>;
}

export function Plate() {
  const words = useWords();
  const { opened, tab: chart, set } = usePick(useView, 'opened', 'tab', 'set');
  const study = useExperiment((e) => e.spec.study);
  const comparing = useRun((r) => r.comparing);
  if (comparing) return <section className="sheet plate" aria-labelledby="plate-title"><Suspense fallback={null}><ComparePlate {...comparing} /></Suspense></section>;
  if (opened !== null) return <section className="sheet plate" aria-labelledby="plate-title"><Suspense fallback={null}><ModulePanel key={opened} module={opened} /></Suspense></section>;
  if (study === 'agree') return <section className="sheet plate" aria-label={words.studies.tabs.agree}><PlatePanel tab={study} /></section>;

  const tab = study !== null && plates[study] ? study : chart;
  function open(to: PlateTab | StudyKind) {
    if (to === 'layers' || to === 'certainty') {
      set({ tab: to });
      openStudy(null);
    } else openStudy(to);
  }
  function onKey(e: KeyboardEvent) {
    const way = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (!way) return;
    const to = tabs[(tabs.indexOf(tab) + way + tabs.length) % tabs.length]!;
    open(to);
    document.getElementById(`tab-${to}`)?.focus();
  }
  const names: Record<PlateTab | StudyKind, string> = { layers: words.plate.byLayer, certainty: words.plate.convergence, ...words.studies.tabs };
  return (
    <section className="sheet plate" aria-label={words.plate.label}>
      <div className="tabs" role="tablist" aria-label={words.plate.tabs} onKeyDown={onKey}>
        {tabs.map((t) => (
          <button key={t} type="button" role="tab" id={`tab-${t}`} aria-selected={t === tab} aria-controls="plate-panel" tabIndex={t === tab ? 0 : -1} onClick={() => open(t)}>{names[t]}</button>
        ))}
      </div>
      <div role="tabpanel" id="plate-panel" aria-labelledby={`tab-${tab}`}>
        <PlatePanel tab={tab} />
      </div>
    </section>
  );
}
