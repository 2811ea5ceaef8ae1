/**
 * The panel next to the map: charts of the run in tabs. An opened module or a comparison of two
 * results replaces them.
 */
import { useMap } from '../../state/map-store.ts';
import { Suspense, type ComponentType, type KeyboardEvent } from 'react';
import { defined, elementAt } from '../../checked.ts';
import { usePick } from '../../state/pick.ts';
import { useView, type ChartTab } from '../../state/view-store.ts';
import { manifestOf } from '../../studies/manifest-of.ts';
import { isStudy, STUDIES, type StudyKind } from '../../studies/registry.ts';
import { inLanguage } from '../../language/in-language.ts';
import { openStudy, useExperiment } from '../../state/experiment-store.ts';
import { lazyPart } from '../parts/lazy-part.tsx';
import { useWords } from '../use-words.ts';

// Charts are one chunk, loaded after the map: the page is usable without them.
const charts = () => import('./charts.ts');
const LayersPanel = lazyPart(async () => (await charts()).LayersPanel);
const CertaintyPanel = lazyPart(async () => (await charts()).CertaintyPanel);

const ComparePanel = lazyPart(
  async () => (await import('../compare/ComparePanel.tsx')).ComparePanel,
);
const ModulePanel = lazyPart(
  async () => (await import('./ModulePanel.tsx')).ModulePanel,
  () => useView.setState({ opened: null }),
);
const files = import.meta.glob<{ Panel: ComponentType }>('../studies/*/*Panel.tsx');

/** The panel component of every study, found by its folder. The map has charts instead. */
const studyPanels = Object.fromEntries(
  STUDIES.filter((study) => manifestOf(study).place !== 'map').map((study) => {
    const [file] = Object.keys(files).filter((path) => path.startsWith(`../studies/${study}/`));
    return [study, lazyPart(async () => (await defined(files[defined(file)])()).Panel)];
  }),
) as Partial<Record<StudyKind, ComponentType>>;

const tabs: (ChartTab | StudyKind)[] = [
  'layers',
  'certainty',
  ...STUDIES.filter((study) => manifestOf(study).place === 'tab'),
];

/** Contents of a tab, or of a study that has no tab. */
export function TabContent({ tab }: { tab: ChartTab | StudyKind }) {
  const StudyPanel = isStudy(tab) ? studyPanels[tab] : undefined;
  return (
    <Suspense fallback={<div className="chart-space" />}>
      {StudyPanel ? <StudyPanel /> : tab === 'layers' ? <LayersPanel /> : <CertaintyPanel />}
    </Suspense>
  );
}

export function Panel() {
  const words = useWords();
  const { opened, tab: chart, set } = usePick(useView, 'opened', 'tab', 'set');
  const study = useExperiment((e) => e.spec.study);
  const comparing = useMap((m) => m.comparing);
  if (comparing)
    return (
      <section className="card panel" aria-labelledby="panel-title">
        <Suspense fallback={null}>
          <ComparePanel {...comparing} />
        </Suspense>
      </section>
    );
  if (opened !== null)
    return (
      <section className="card panel" aria-labelledby="panel-title">
        <Suspense fallback={null}>
          <ModulePanel key={opened} module={opened} />
        </Suspense>
      </section>
    );
  if (manifestOf(study).place === 'panel')
    return (
      <section className="card panel" aria-label={inLanguage(manifestOf(study).labels, words).tab}>
        <TabContent tab={study} />
      </section>
    );

  const tab = study === 'map' ? chart : study;
  function open(to: ChartTab | StudyKind) {
    if (isStudy(to)) return openStudy(to);
    set({ tab: to });
    openStudy('map');
  }
  function onKey(e: KeyboardEvent) {
    const way = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (!way) return;
    const to = elementAt(tabs, (tabs.indexOf(tab) + way + tabs.length) % tabs.length);
    open(to);
    document.getElementById(`tab-${to}`)?.focus();
  }
  const nameOf = (of: ChartTab | StudyKind) =>
    isStudy(of)
      ? inLanguage(manifestOf(of).labels, words).tab
      : { layers: words.panel.byLayer, certainty: words.panel.convergence }[of];
  return (
    <section className="card panel" aria-label={words.panel.label}>
      <div className="tabs" role="tablist" aria-label={words.panel.tabs} onKeyDown={onKey}>
        {tabs.map((t) => (
          <button
            key={t}
            type="button"
            role="tab"
            id={`tab-${t}`}
            aria-selected={t === tab}
            aria-controls="tab-panel"
            tabIndex={t === tab ? 0 : -1}
            onClick={() => open(t)}
          >
            {nameOf(t)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        <TabContent tab={tab} />
      </div>
    </section>
  );
}
