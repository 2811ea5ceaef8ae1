/**
 * Lays out the page: header, run controls and banner above the sidebar, the map and the panel. On a
 * phone, everything is in one column with the run controls at the bottom.
 */
import { defined } from '../checked.ts';
import { useMap } from '../state/map-store.ts';
import { Suspense, useEffect, type DragEvent, type MouseEvent } from 'react';
import { filesFromDrop } from '../model/picked-files.ts';
import { useView } from '../state/view-store.ts';
import { useExperiment } from '../state/experiment-store.ts';
import { usePick } from '../state/pick.ts';
import { attempt } from '../state/attempt.ts';
import { useModel } from '../state/model-store.ts';
import { Banner, useHasBanner } from './frame/Banner.tsx';
import { ProviderChip } from './frame/Chips.tsx';
import { Header } from './frame/Header.tsx';
import { usePresent } from './frame/present.ts';
import { StatusLine } from './frame/StatusLine.tsx';
import { OpenSidebar, ProgressLine, RunControls, RunButtons } from './frame/RunControls.tsx';
import { useKeys } from './frame/use-keys.ts';
import { ArticleSlot } from './article/ArticleSlot.tsx';
import { MapCard } from './map/MapCard.tsx';
import { lazyPart } from './parts/lazy-part.tsx';
import { useDrawer, usePhone } from './parts/use-media.ts';
import { Panel } from './panel/Panel.tsx';
import { Sidebar } from './sidebar/Sidebar.tsx';
import { titleOf } from '../words/describe.ts';
import { numbersOf } from '../language/numbers.ts';
import { useWords } from './use-words.ts';

// Loaded on demand: the first view does not need these parts.
const CompareMap = lazyPart(async () => (await import('./compare/CompareMap.tsx')).CompareMap);
const ModelPicker = lazyPart(
  async () => (await import('./picker/ModelPicker.tsx')).ModelPicker,
  () => useView.setState({ picker: false }),
);
const Tour = lazyPart(
  async () => (await import('./tour/Tour.tsx')).Tour,
  () => useView.setState({ tour: null }),
);
const Dialogs = lazyPart(
  async () => (await import('./dialogs/Dialogs.tsx')).Dialogs,
  () => useView.setState({ dialog: null }),
);

export function App() {
  const words = useWords();
  const phone = usePhone();
  const presenting = usePresent();
  const drawer = useDrawer();
  const hasBanner = useHasBanner();
  const comparing = useMap((m) => m.comparing);
  const { picker, dialog, tour } = usePick(useView, 'picker', 'dialog', 'tour');
  useKeys();
  useEffect(() => {
    document.documentElement.lang = words.locale;
  }, [words]);

  // Accept files anywhere on the page. By default the browser would navigate to a dropped file.
  function drop(e: DragEvent) {
    e.preventDefault();
    if (!e.dataTransfer.types.includes('Files')) return;
    useView.setState({ picker: true, dialog: null });
    const files = filesFromDrop(e.dataTransfer.items);
    void attempt(async () => (await import('./picker/offer-files.ts')).offerFiles(files));
  }
  return (
    <div
      className={`page${hasBanner ? ' has-banner' : ''}`}
      onDragOver={(e) => e.preventDefault()}
      onDrop={drop}
    >
      <a className="skip" href="#centre" onClick={skip}>
        {words.skip}
      </a>
      <Header phone={phone} />
      <main>
        {phone ? <PhoneRow /> : <RunControls />}
        <Banner />
        <div className="body">
          {!drawer && !presenting && <Sidebar />}
          <div id="centre">
            <Suspense fallback={<MapCard />}>
              {picker ? <ModelPicker /> : comparing ? <CompareMap {...comparing} /> : <MapCard />}
            </Suspense>
          </div>
          <Panel />
        </div>
        {phone && (
          <div className="phone-foot">
            <ProgressLine />
            <RunButtons withReset={false} />
            <StatusLine phone />
          </div>
        )}
      </main>
      {!presenting && <ArticleSlot />}
      {tour !== null && (
        <Suspense fallback={null}>
          <Tour at={tour} />
        </Suspense>
      )}
      {dialog && (
        <Suspense fallback={null}>
          <Dialogs name={dialog} />
        </Suspense>
      )}
    </div>
  );
}

/**
 * Focuses the map's tab stop, or the first focusable element of the view that replaces the map.
 * Does not change the URL fragment, because the fragment holds the experiment.
 */
function skip(e: MouseEvent) {
  e.preventDefault();
  document
    .querySelector<HTMLElement>('#map [tabindex="0"], #centre h2[tabindex], #centre [tabindex="0"]')
    ?.focus();
}

function PhoneRow() {
  const words = useWords();
  const spec = useExperiment((e) => e.spec);
  const { facts, models } = usePick(useModel, 'facts', 'models');
  return (
    <div className="phone-row">
      <OpenSidebar>{words.runControls.experiment}</OpenSidebar>
      <span className="summary small ink2">
        <span className="ellipsis">
          {words.methods.names[spec.method.name]},{' '}
          {words.named(
            defined(words.changes['allocation.meanRank']),
            numbersOf(words.locale).short(spec.allocation.meanRank),
          )}
        </span>
        <span className="ellipsis">{facts?.title ?? titleOf(models, spec.model.id)}</span>
      </span>
      <ProviderChip phone />
    </div>
  );
}
