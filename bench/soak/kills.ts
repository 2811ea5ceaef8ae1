/**
 * Kills a thread, the GPU's process or the page's process at a random moment of each kind of run.
 * The run must end with the numbers of an undisturbed run.
 */
import { setTimeout } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { softwareGpu } from '../../playwright.config.ts';
import { mix } from '../../src/device/random.ts';
import type { ExperimentSpec } from '../../src/studies/spec.ts';
import type { Site, Visit } from '../page-browser.ts';
import { STATIC_FILE, linkOf, Place, rendererOf, shortSpec } from './place.ts';

export const VICTIMS = ['thread', 'GPU process', 'page process'] as const;
export const STUDIES = ['map', 'map on WebGPU', 'race', 'training', 'compress', 'prune'] as const;
type Victim = (typeof VICTIMS)[number];
type Study = (typeof STUDIES)[number];

export interface Kill {
  study: Study;
  victim: Victim;
  /** Seconds after Play. */
  after: number;
  /** What the page showed at the time of the kill. */
  during: string;
  /** Whether the run had already ended, so the kill shows nothing. */
  late: boolean;
  same: boolean;
}

export interface Undisturbed {
  result: string;
  seconds: number;
}

interface Way {
  spec: ExperimentSpec;
  done: RegExp;
  flags: string[];
  /** The result that must be the same. */
  result(place: Place): Promise<string>;
}

const training = (steps: number) => ({
  ...shortSpec().training,
  steps,
  batch: 2,
  length: 16,
  heldSequences: 2,
  evaluateEvery: 4,
});
const csv = (place: Place) => place.csv();
const cells = async (place: Place) => (await place.cells()).join();

const ways: Record<Study, Way> = {
  map: {
    spec: shortSpec({ sequences: 2, length: 16, method: { ...shortSpec().method, repeats: 6 } }),
    done: /^Measured 56 modules, 6/,
    flags: [],
    result: cells,
  },
  'map on WebGPU': {
    spec: shortSpec({ method: { ...shortSpec().method, repeats: 2 } }),
    done: /^Measured 56 modules, 2/,
    flags: softwareGpu,
    result: cells,
  },
  race: {
    spec: shortSpec({
      study: 'race',
      training: training(20),
      race: { ...shortSpec().race, entries: ['uniform', 'random'] },
    }),
    done: /^The race is over/,
    flags: [],
    result: csv,
  },
  training: {
    spec: shortSpec({
      study: 'train',
      training: training(30),
      train: { ...shortSpec().train, ranks: { kind: 'uniform', rank: 4 } },
    }),
    done: /^Trained$/,
    flags: [],
    result: csv,
  },
  compress: {
    spec: shortSpec({
      study: 'compress',
      compress: {
        ...shortSpec().compress,
        rowBlocks: [1],
        samples: 12,
        test: 8,
        trials: 6,
        checks: 0,
      },
    }),
    done: /^Compressed/,
    flags: [],
    result: (place) => place.page.locator('#tab-panel .trail tbody').innerText(),
  },
  prune: {
    spec: shortSpec({
      study: 'prune',
      training: { ...training(4), evaluateEvery: 0 },
      prune: { ...shortSpec().prune, rounds: 2, meanRank: 2, samples: 3 },
    }),
    done: /^Pruned/,
    flags: [],
    result: csv,
  },
};

/** Records the page's threads, so that one can be terminated as an out-of-memory abort would. */
const hold = (page: Page) =>
  page.addInitScript(() => {
    const threads: Worker[] = [];
    class Held extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        if (String(url).includes('engine.worker')) threads.push(this);
      }
    }
    Object.assign(window, { threads, Worker: Held });
  });

/** Opens the page and starts a run. */
async function begin(page: Page, url: string, study: Study): Promise<Place> {
  const { spec } = ways[study];
  const place = await Place.of(page);
  await hold(page);
  await page.goto(await linkOf(url, spec));
  if (study !== 'map' && study !== 'map on WebGPU') {
    await place.until(/^Nothing /);
    await place.press('Play');
    return place;
  }
  await place.until(ways[study].done);
  if (study === 'map on WebGPU') {
    const chip = page.locator('.chips .chip').first();
    await chip.click();
    await page.locator('.provider-menu').getByRole('button', { name: 'Use' }).click();
    await page.waitForFunction(
      () => document.querySelector('.chips .chip')?.textContent.includes('WebGPU'),
      undefined,
      { timeout: 0 },
    );
    await page.keyboard.press('Escape');
  }
  await place.press('Reset');
  await place.until(/^Ready/);
  await place.press('Play');
  return place;
}

/** Runs a study without a kill. */
export async function undisturbed(site: Site, study: Study): Promise<Undisturbed> {
  const visit = await site.visit(STATIC_FILE, ...ways[study].flags);
  try {
    const place = await begin(visit.page, site.url, study);
    const start = Date.now();
    await place.until(ways[study].done);
    const seconds = (Date.now() - start) / 1000;
    return { result: await ways[study].result(place), seconds };
  } finally {
    await visit.close();
  }
}

/** Runs the same study with kill number n of a seed. */
export async function killed({
  site,
  study,
  victim,
  whole,
  seed,
  n,
}: {
  site: Site;
  study: Study;
  victim: Victim;
  whole: Undisturbed;
  seed: number;
  n: number;
}): Promise<Kill> {
  const { done, flags, result } = ways[study];
  const visit = await site.visit(STATIC_FILE, ...flags);
  try {
    let place = await begin(visit.page, site.url, study);
    const after = (whole.seconds * mix(seed + mix(n))) / 2 ** 32;
    await setTimeout(1000 * after);
    const during = await place.page.evaluate(
      () => document.querySelector('.status')?.textContent ?? '',
    );
    const late = done.test(await place.title());
    await kill(visit, place.page, victim);
    if (victim === 'page process') {
      // The user opens the link again.
      const page = await visit.page.context().newPage();
      place = await begin(page, site.url, study);
    }
    await place.until(done);
    return {
      study,
      victim,
      after: Math.round(10 * after) / 10,
      during,
      late,
      same: (await result(place)) === whole.result,
    };
  } finally {
    await visit.close();
  }
}

async function kill({ browser }: Visit, page: Page, victim: Victim): Promise<void> {
  switch (victim) {
    case 'thread':
      await page.evaluate(() => {
        const thread = (window as unknown as { threads: Worker[] }).threads.at(-1);
        thread?.terminate();
        thread?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
      });
      return;
    case 'GPU process':
      await (
        await browser.newBrowserCDPSession()
      )
        .send('Browser.crashGpuProcess')
        .catch(() => undefined);
      return;
    case 'page process': {
      const gone = page.waitForEvent('crash', { timeout: 0 });
      process.kill(await rendererOf(page.context()), 'SIGKILL');
      await gone;
    }
  }
}
