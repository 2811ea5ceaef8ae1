/** Beside the map: what the run shows, as charts; a module in the open or two results compared take its place. */
import { lazy, Suspense, type KeyboardEvent } from 'react';
import { useRun } from '../../state/run-store.ts';
import { usePick } from '../../state/pick.ts';
import { useView, type PlateTab } from '../../state/view-store.ts';
import { useWords } from '../words/use-words.ts';

// Charts come in one piece, after the map: the page is usable before they are there.
const charts = () => import('./charts.ts');
const LayersPlate = lazy(() => charts().then((c) => ({ default: c.LayersPlate })));
const CertaintyPlate = lazy(() => charts().then((c) => ({ default: c.CertaintyPlate })));

const ComparePlate = lazy(() => import('../compare/ComparePlate.tsx').then((m) => ({ default: m.ComparePlate })));
const ModulePanel = lazy(() => import('./ModulePanel.tsx').then((m) => ({ default: m.ModulePanel })));

const tabs: PlateTab[] = ['layers', 'certainty'];

export function Plate() {
  const words = useWords();
  const { opened, tab, set } = usePick(useView, 'opened', 'tab', 'set');
  const comparing = useRun((r) => r.comparing);
  if (comparing) return <section className="sheet plate" aria-labelledby="plate-title"><Suspense fallback={null}><ComparePlate {...comparing} /></Suspense></section>;
  if (opened !== null) return <section className="sheet plate" aria-labelledby="plate-title"><Suspense fallback={null}><ModulePanel key={opened} module={opened} /></Suspense></section>;

  function onKey(e: KeyboardEvent) {
    const way = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (!way) return;
    const to = tabs[(tabs.indexOf(tab) + way + tabs.length) % tabs.length]!;
    set({ tab: to });
    document.getElementById(`tab-${to}`)?.focus();
  }
  const names: Record<PlateTab, string> = { layers: words.plate.byLayer, certainty: words.plate.convergence };
  return (
    <section className="sheet plate" aria-label={words.plate.label}>
      <div className="tabs" role="tablist" aria-label={words.plate.tabs} onKeyDown={onKey}>
        {tabs.map((t) => (
          <button key={t} type="button" role="tab" id={`tab-${t}`} aria-selected={t === tab} aria-controls="plate-panel" tabIndex={t === tab ? 0 : -1} onClick={() => set({ tab: t })}>{names[t]}</button>
        ))}
      </div>
      <div role="tabpanel" id="plate-panel" aria-labelledby={`tab-${tab}`}>
        <Suspense fallback={<div className="chart-room" />}>{tab === 'layers' ? <LayersPlate /> : <CertaintyPlate />}</Suspense>
      </div>
    </section>
  );
}
