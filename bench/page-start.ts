/**
 * A first visit: when the first cell, the first sweep and the whole default run stand, and how long
 * the main thread was held meanwhile.
 */
import { defined } from '../src/checked.ts';
import { fetchedSizes } from './size.ts';
import { quiet, watchOthers } from './machine.ts';
import { browserTime, type Seen, type Site } from './page-browser.ts';

export interface ColdStart {
  /**
   * Share of the processors that went to anything but this browser from the navigation to the end,
   * 0 … 1: near 0 on a quiet machine.
   */
  others: number;
  /** Seconds since the navigation began, painted. */
  measuring: number;
  firstCell: number;
  firstSweep: number;
  done: number;
  /** Seconds from the measurement's begin. */
  sweep: number;
  run: number;
  eventMessages: number;
  /** Tasks of 50 ms or more on the main thread: seconds since the navigation began, ms held. */
  longTasks: { startUp: LongTask[]; run: LongTask[] };
}

interface LongTask {
  at: number;
  ms: number;
}

const seconds = (ms: number) => Math.round(ms) / 1000;

/**
 * Opens the page with a fresh profile and waits for the default run; also which of our scripts it
 * fetched, gzipped.
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
