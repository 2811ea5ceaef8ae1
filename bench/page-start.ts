/**
 * Measures a first visit: the times of the first cell, the first sweep and the whole default run,
 * and tasks that block the main thread.
 */
import { defined } from '../src/checked.ts';
import { fetchedSizes } from './size.ts';
import { quiet, watchOthers } from './machine.ts';
import { browserTime, type Seen, type Site } from './page-browser.ts';

export interface ColdStart {
  /**
   * The fraction of processor time, 0 to 1, used by anything except this browser, from navigation
   * to the end. It is near 0 on a quiet machine.
   */
  others: number;
  /** Seconds from navigation to the paint. */
  measuring: number;
  firstCell: number;
  firstSweep: number;
  done: number;
  /** Seconds from the start of the measurement. */
  sweep: number;
  run: number;
  eventMessages: number;
  /**
   * Tasks of 50 ms or more on the main thread: start in seconds since navigation, duration in ms.
   */
  longTasks: { startUp: LongTask[]; run: LongTask[] };
}

interface LongTask {
  at: number;
  ms: number;
}

const seconds = (ms: number) => Math.round(ms) / 1000;

/**
 * Opens the page with a fresh profile and waits for the default run. Also returns the downloaded
 * scripts of the project and their gzipped sizes.
 */
export async function coldStart(
  site: Site,
): Promise<{ start: ColdStart; javaScript: Awaited<ReturnType<typeof fetchedSizes>> }> {
  await quiet();
  const others = watchOthers();
  const visit = await site.visit('');
  try {
    await visit.page.waitForFunction(
      () => (globalThis as unknown as { pageBench: Seen }).pageBench.done,
      null,
      { timeout: 300_000, polling: 1000 },
    );
    const share = others(await browserTime(visit.browser));
    const { measuring, firstCell, firstSweep, done, tasks, eventMessages } = await visit.seen();
    const listed = (list: Seen['tasks']): LongTask[] =>
      list.map((t) => ({ at: seconds(t.start), ms: Math.round(t.duration) }));
    const inRun = (t: { start: number; duration: number }) =>
      t.start + t.duration > defined(measuring) && t.start < defined(done);
    return {
      start: {
        others: share,
        measuring: seconds(defined(measuring)),
        firstCell: seconds(defined(firstCell)),
        firstSweep: seconds(defined(firstSweep)),
        done: seconds(defined(done)),
        sweep: seconds(defined(firstSweep) - defined(measuring)),
        run: seconds(defined(done) - defined(measuring)),
        eventMessages,
        longTasks: {
          startUp: listed(tasks.filter((t) => t.start + t.duration <= defined(measuring))),
          run: listed(tasks.filter(inRun)),
        },
      },
      javaScript: await fetchedSizes(visit.page),
    };
  } finally {
    await visit.close();
  }
}
