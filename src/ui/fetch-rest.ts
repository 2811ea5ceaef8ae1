/**
 * Fetches the remaining code and texts of the page after the first measurement. Every tab then
 * opens without a connection, even in a tab that was opened before a new release.
 */
import { savesData } from '../state/boot.ts';
import { client, engine } from '../state/engine.ts';
import { useModel } from '../state/model-store.ts';
import { useStudy } from '../state/study-store.ts';
import { defaults } from '../state/derived.ts';
import { fileOf, textOf } from '../state/texts.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { STUDIES, studyOf } from '../studies/registry.ts';
import { fetchWaitingParts } from './parts/lazy-part.tsx';
import { loadGlossary } from './parts/use-glossary.ts';
import { loadWords } from './use-words.ts';

/**
 * Marks in the performance timeline: bytes fetched after `BEGINS` do not count towards a first
 * visit.
 */
const BEGINS = 'rank-atlas:rest';
const ENDS = 'rank-atlas:rest-there';

/** Safari does not support `requestIdleCallback`. */
const idle = () =>
  new Promise<void>((resolve) => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => resolve());
    else setTimeout(resolve, 200);
  });

export function fetchRestWhenDone(): void {
  if (savesData()) return;
  const stop = useStudy.subscribe(({ phase }) => {
    if (phase.map !== 'done' && phase.map !== 'paused') return;
    stop();
    void fetchRest();
  });
}

async function fetchRest(): Promise<void> {
  await idle();
  performance.mark(BEGINS);
  await fetchWaitingParts(idle);
  await idle();
  // Ignore failures: a missing file is fetched again when it is needed, and an error is shown then.
  await Promise.allSettled([
    loadWords('ja'),
    import('../state/preset-comparison.ts'),
    import('./map/save-map.ts'),
    loadGlossary(),
    ...useModel.getState().texts.map(({ id }) => textOf({ kind: 'bundled', id })),
    ...STUDIES.map((study) => manifestOf(study).report()),
    ...STUDIES.flatMap((study) => studyOf(study).files?.(defaults) ?? []).map(fileOf),
    ...(engine.open ? [client.ask('fetchStudies', {})] : []),
  ]);
  performance.mark(ENDS);
}
