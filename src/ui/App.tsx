/**
 * Lays out the page: header, run controls and banner above the sidebar, the map and the panel. On a
 * phone, everything is in one column with the run controls at the bottom.
 */
import { useMap } from '../state/map-store.ts';
import { Suspense, useEffect, type DragEvent, type MouseEvent } from 'react';
import { filesFromDrop } from '../model/picked-files.ts';
import { useView } from '../state/view-store.ts';
import { useExperiment } from '../state/experiment-store.ts';
import { usePick } from '../state/pick.ts';
import { attempt } from '../state/attempt.ts';
import { useModel } from '../state/model-store.ts';
import { Band, useBanded } from './frame/Band.tsx';
import { ProviderChip } from './frame/Chips.tsx';
import { Header } from './frame/Header.tsx';
import { usePresent } from './frame/present.ts';
import { StatusLine } from './frame/StatusLine.tsx';
import { OpenRail, ProgressLine, Transport, TransportButtons } from './frame/Transport.tsx';
import { useKeys } from './frame/use-keys.ts';
import { MapSheet } from './map/MapSheet.tsx';
import { lazyPart } from './parts/lazy-part.tsx';
import { useDrawer, usePhone } from './parts/use-media.ts';
import { Plate } from './plate/Plate.tsx';
import { Rail } from './rail/Rail.tsx';
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
const Sheets = lazyPart(
  async () => (await import('./sheets/Sheets.tsx')).Sheets,
  () => useView.setState({ sheet: null }),
);

export function App() {
  const words = useWords();
  const phone = usePhone();
  const presenting = usePresent();
  const drawer = useDrawer();
  const banded = useBanded();
  const comparing = useMap((m) => m.comparing);
  const { picker, sheet, tour } = usePick(useView, 'picker', 'sheet', 'tour');
  useKeys();
  useEffect(() => {
    document.documentElement.lang = words.locale;
  }, [words]);

  // Accept files anywhere on the page. By default the browser would navigate to a dropped file.
  function drop(e: DragEvent) {
    e.preventDefault();
    if (!e.dataTransfer.types.includes('Files')) return;
    useView.setState({ picker: true, sheet: null });
    const files = filesFromDrop(e.dataTransfer.items);
    void attempt(async () => (await import('./picker/offer-files.ts')).offerFiles(files));
  }
  return (
    <div
      className={`page${banded ? ' banded' : ''}`}
      onDragOver={(e) => e.preventDefault()}
      onDrop={drop}
    >
      <a className="skip" href="#centre" onClick={skip}>
        {words.skip}
      </a>
      <Header phone={phone} />
      <main>
        {phone ? <PhoneRow /> : <Transport />}
        <Band />
        <div className="body">
          {!drawer && !presenting && <Rail />}
          <div id="centre">
            <Suspense fallback={<MapSheet />}>
              {picker ? <ModelPicker /> : comparing ? <CompareMap {...comparing} /> : <MapSheet />}
            </Suspense>
          </div>
          <Plate />
        </div>
        {phone && (
          <div className="phone-foot">
            <ProgressLine />
            <TransportButtons withReset={false} />
            <StatusLine phone />
          </div>
        )}
      </main>
      {tour !== null && (
        <Suspense fallback={null}>
          <Tour at={tour} />
        </Suspense>
      )}
      {sheet && (
        <Suspense fallback={null}>
          <Sheets name={sheet} />
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
      <OpenRail>{words.transport.experiment}</OpenRail>
      <span className="summary small ink2">
        <span className="ellipsis">
          {words.methods.names[spec.method.name]},{' '}
          {words.named(
            words.glossaryNames.meanRank,
            numbersOf(words.locale).short(spec.allocation.meanRank),
          )}
        </span>
        <span className="ellipsis">{facts?.title ?? titleOf(models, spec.model.id)}</span>
      </span>
      <ProviderChip phone />
    </div>
  );
}
