/**
 * The panel next to the map: charts of the run in tabs. An opened module or a comparison of two
 * results replaces them.
 */
import { useMap } from '../../state/map-store.ts';
import { Suspense, type ComponentType, type KeyboardEvent } from 'react';
import { defined, elementAt } from '../../checked.ts';
import { usePick } from '../../state/pick.ts';
import { useView, type PlateTab } from '../../state/view-store.ts';
import { isStudy, STUDIES, studyOf, type StudyKind } from '../../studies/registry.ts';
import { inLanguage } from '../../language/in-language.ts';
import { openStudy, useExperiment } from '../../state/experiment-store.ts';
import { lazyPart } from '../parts/lazy-part.tsx';
import { useWords } from '../use-words.ts';

// Charts are one chunk, loaded after the map: the page is usable without them.
const charts = () => import('./charts.ts');
const LayersPlate = lazyPart(async () => (await charts()).LayersPlate);
const CertaintyPlate = lazyPart(async () => (await charts()).CertaintyPlate);

const ComparePlate = lazyPart(
  async () => (await import('../compare/ComparePlate.tsx')).ComparePlate,
);
const ModulePanel = lazyPart(
  async () => (await import('./ModulePanel.tsx')).ModulePanel,
  () => useView.setState({ opened: null }),
);
const files = import.meta.glob<{ Plate: ComponentType }>('../studies/*/*Plate.tsx');

/** The panel component of every study, found by its folder. The map has charts instead. */
const plates = Object.fromEntries(
  STUDIES.filter((study) => studyOf(study).place !== 'map').map((study) => {
    const [file] = Object.keys(files).filter((path) => path.startsWith(`../studies/${study}/`));
    return [study, lazyPart(async () => (await defined(files[defined(file)])()).Plate)];
  }),
) as Partial<Record<StudyKind, ComponentType>>;

const tabs: (PlateTab | StudyKind)[] = [
  'layers',
  'certainty',
  ...STUDIES.filter((study) => studyOf(study).place === 'tab'),
];

/** Contents of a tab, or of a study that has no tab. */
export function PlatePanel({ tab }: { tab: PlateTab | StudyKind }) {
  const StudyPlate = isStudy(tab) ? plates[tab] : undefined;
  return (
    <Suspense fallback={<div className="chart-room" />}>
      {StudyPlate ? <StudyPlate /> : tab === 'layers' ? <LayersPlate /> : <CertaintyPlate />}
    </Suspense>
  );
}

export function Plate() {
  const words = useWords();
  const { opened, tab: chart, set } = usePick(useView, 'opened', 'tab', 'set');
  const study = useExperiment((e) => e.spec.study);
  const comparing = useMap((m) => m.comparing);
  if (comparing)
    return (
      <section className="sheet plate" aria-labelledby="plate-title">
        <Suspense fallback={null}>
          <ComparePlate {...comparing} />
        </Suspense>
      </section>
    );
  if (opened !== null)
    return (
      <section className="sheet plate" aria-labelledby="plate-title">
        <Suspense fallback={null}>
          <ModulePanel key={opened} module={opened} />
        </Suspense>
      </section>
    );
  if (studyOf(study).place === 'plate')
    return (
      <section className="sheet plate" aria-label={inLanguage(studyOf(study).labels, words).tab}>
        <PlatePanel tab={study} />
      </section>
    );

  const tab = study === 'map' ? chart : study;
  function open(to: PlateTab | StudyKind) {
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
  const nameOf = (of: PlateTab | StudyKind) =>
    isStudy(of)
      ? inLanguage(studyOf(of).labels, words).tab
      : { layers: words.plate.byLayer, certainty: words.plate.convergence }[of];
  return (
    <section className="sheet plate" aria-label={words.plate.label}>
      <div className="tabs" role="tablist" aria-label={words.plate.tabs} onKeyDown={onKey}>
        {tabs.map((t) => (
          <button
            key={t}
            type="button"
            role="tab"
            id={`tab-${t}`}
            aria-selected={t === tab}
            aria-controls="plate-panel"
            tabIndex={t === tab ? 0 : -1}
            onClick={() => open(t)}
          >
            {nameOf(t)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="plate-panel" aria-labelledby={`tab-${tab}`}>
        <PlatePanel tab={tab} />
      </div>
    </section>
  );
}
