/**
 * The page embedded in another page: name, source of the numbers, "Run here" and "Open", then the
 * requested panels one below the other.
 */
import { useStudy } from '../../state/study-store.ts';
import { Suspense, useEffect } from 'react';
import { useExperiment } from '../../state/experiment-store.ts';
import { modelHere, panelsOf, runHere, useEmbed } from '../../state/embed.ts';
import { useLink } from '../../state/link-store.ts';
import { useModel } from '../../state/model-store.ts';
import { playOrPause } from '../../state/runs.ts';
import { useView } from '../../state/view-store.ts';
import { Badges, Trouble } from '../frame/Banner.tsx';
import { Logo } from '../frame/Header.tsx';
import { StatusLine } from '../frame/StatusLine.tsx';
import { ProgressLine, useButtons } from '../frame/RunControls.tsx';
import { MapCard } from '../map/MapCard.tsx';
import { lazyPart } from '../parts/lazy-part.tsx';
import { TabContent } from '../panel/Panel.tsx';
import { modelName } from '../../words/describe.ts';
import { embedWords } from '../../words/embed-words.ts';
import { useWords } from '../use-words.ts';
import './embed.css';

const ModulePanel = lazyPart(
  async () => (await import('../panel/ModulePanel.tsx')).ModulePanel,
  () => useView.setState({ opened: null }),
);

const panels = panelsOf(location.search);

/** URL of the same experiment on the whole page. */
function wholePage(): string {
  const url = new URL(location.href);
  url.searchParams.delete('embed');
  return url.href;
}

const useEmbedWords = () => embedWords[useView((v) => v.language)];

export function Embed() {
  const words = useWords();
  const w = useEmbedWords();
  useEffect(() => {
    document.documentElement.lang = words.locale;
  }, [words]);
  return (
    <div className="page embed">
      <header className="header">
        <Logo />
        <h1 className="name">Rank Atlas</h1>
        <Source />
        <div className="actions">
          <Run />
          <a
            className="button"
            href={wholePage()}
            target="_blank"
            rel="noopener"
            aria-label={w.openName}
          >
            {w.open}
          </a>
        </div>
      </header>
      <ProgressLine />
      <Trouble />
      <main>
        {panels.map((panel) =>
          panel === 'map' ? (
            <MapPanel key={panel} />
          ) : (
            <section key={panel} className="card panel" aria-label={words.panel.label}>
              <TabContent tab={panel} />
              {panel === 'race' && <RaceSource />}
            </section>
          ),
        )}
      </main>
    </div>
  );
}

/** Shows the source of the numbers in view. After "Run here" it shows the status of the run. */
function Source() {
  const words = useWords();
  const w = useEmbedWords();
  const { from, begun, ready } = useEmbed();
  const contents = useLink((l) => l.contents);
  const id = useExperiment((e) => e.spec.model.id);
  // Re-render on a result: a finished result may match the link.
  useStudy((s) => s.states.map?.result);
  if (begun)
    return (
      <>
        <StatusLine />
        {(contents?.digest || contents?.run) && <Badges contents={contents} />}
      </>
    );
  const text = !ready
    ? ''
    : modelHere() === null
      ? w.needsFiles(modelName(id))
      : from?.kind === 'recorded'
        ? words.chips.recorded(from.result.startedAt.slice(0, 10), from.result.provider.device)
        : from
          ? w.fromLink
          : `${w.nothing}. ${w.nothingNote}`;
  return <p className="source ink2">{text}</p>;
}

/** Starts the run. Afterwards the button toggles between Play and Pause. */
function Run() {
  const { runControls } = useWords();
  const w = useEmbedWords();
  // The map is measured first, then the study among the panels.
  const viewed = useExperiment((e) => e.spec.study);
  const live = useStudy((s) => s.live);
  const study = live ?? viewed;
  const can = useButtons(study);
  const { begun, ready } = useEmbed();
  const models = useModel((m) => m.models);
  if (!begun)
    return (
      <button
        type="button"
        className="button line"
        disabled={!ready || models.length === 0 || modelHere() === null}
        onClick={() => void runHere()}
      >
        {w.runHere}
      </button>
    );
  return (
    <button
      type="button"
      className="button line"
      disabled={!can.play}
      onClick={() => playOrPause(study)}
    >
      {can.playing ? runControls.pause : runControls.play}
    </button>
  );
}

/** The map, and below it the panel of the opened module. */
function MapPanel() {
  const w = useEmbedWords();
  const linked = useEmbed((e) => e.from?.kind === 'link');
  const opened = useView((v) => v.opened);
  return (
    <>
      <MapCard caption={linked ? { title: w.linked, how: w.linkedNote } : undefined} />
      {opened !== null && (
        <section className="card panel" aria-labelledby="panel-title">
          <Suspense fallback={null}>
            <ModulePanel key={opened} module={opened} />
          </Suspense>
        </section>
      )}
    </>
  );
}

function RaceSource() {
  const w = useEmbedWords();
  const race = useEmbed((e) => e.race);
  return race && <p className="small ink2 slider-notes">{w.recordedRace(race.at, race.device)}</p>;
}
