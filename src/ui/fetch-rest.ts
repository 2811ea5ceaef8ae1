/**
 * Fetches the rest of the page's own code and texts once the first measurement is through, so that
 * every tab opens without a connection, and in a tab that outlives a release.
 */
import { savesData } from '../state/boot.ts';
import { client, engine } from '../state/engine.ts';
import { useModel } from '../state/model-store.ts';
import { useStudy } from '../state/study-store.ts';
import { defaults } from '../state/derived.ts';
import { fileOf, textOf } from '../state/texts.ts';
import { STUDIES, studyOf } from '../studies/registry.ts';
import { fetchWaitingParts } from './parts/lazy-part.tsx';
import { loadWords } from './use-words.ts';

/** Marks in the page's timeline: what is fetched after the first is no part of a first visit. */
const BEGINS = 'rank-atlas:rest';
const ENDS = 'rank-atlas:rest-there';

/** Safari has no idle callbacks. */
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
  // What cannot be fetched now is asked for again when it is needed, and said then.
  await Promise.allSettled([
    loadWords('ja'),
    ...useModel.getState().texts.map(({ id }) => textOf({ kind: 'bundled', id })),
    ...STUDIES.flatMap((study) => studyOf(study).files?.(defaults) ?? []).map(fileOf),
    ...(engine.open ? [client.ask('fetchStudies', {})] : []),
  ]);
  performance.mark(ENDS);
}
