/**
 * A page that is watched from outside: what it holds, what it shows, and how a run in it is begun
 * and waited for.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from '@playwright/test';
import { defined, elementAt } from '../../src/checked.ts';
import { encodeLink } from '../../src/experiment/link.ts';
import { defaultSpec } from '../../src/experiment/schema.ts';
import type { ExperimentSpec } from '../../src/studies/spec.ts';
import type { Site, Visit } from '../page-browser.ts';

/** The shortest measurement there is: one sequence of four tokens, one repeat. */
export function shortSpec(change: Partial<ExperimentSpec> = {}): ExperimentSpec {
  const spec = defaultSpec();
  return { ...spec, sequences: 1, length: 4, method: { ...spec.method, repeats: 1 }, ...change };
}

/**
 * A file of the site that is not the page: a link that is opened from there is a visit, not another
 * experiment in a page that is open.
 */
export const BESIDE = 'favicon.svg';

export const linkOf = async (url: string, spec: ExperimentSpec) =>
  `${url}${await encodeLink(spec)}`;

/** What a page holds, garbage collected. Bytes, and counts. */
export interface Holding {
  /** JavaScript heap of the page's thread. */
  heap: number;
  /**
   * Everything of the page's process, its workers and their WebAssembly included; null where the
   * system does not tell.
   */
  resident: number | null;
  nodes: number;
  listeners: number;
  /** The page's own threads. */
  threads: number;
  /** Files in the page's private file system, with their bytes. */
  files: number;
  fileBytes: number;
  /** Records in the page's database. */
  records: number;
}

export class Place {
  readonly page: Page;
  private readonly session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.session = session;
  }

  /** Before the page goes anywhere. */
  static async of(page: Page): Promise<Place> {
    // Functions that are handed to the page name theirs by this: what runs TypeScript here wrote it
    // into them.
    await page.addInitScript({ content: 'globalThis.__name = (f) => f;' });
    return new Place(page, await page.context().newCDPSession(page));
  }

  /** The process that draws the page: of all renderers the one that worked most. */
  async process(): Promise<number> {
    return rendererOf(this.page.context());
  }

  async holding(): Promise<Holding> {
    // Charts are drawn a moment late; until then the page holds those before them, too.
    await this.page.evaluate(
      () =>
        new Promise<void>((resolve) =>
          setTimeout(() => requestIdleCallback(() => resolve()), 1000),
        ),
    );
    await this.session.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners: listeners } = await this.session.send('Memory.getDOMCounters');
    const { usedSize: heap } = await this.session.send('Runtime.getHeapUsage');
    return {
      heap,
      resident: residentOf(await this.process()),
      nodes,
      listeners,
      threads: this.engines(),
      ...(await this.page.evaluate(kept)),
    };
  }

  /** Until the threads of models that were left have ended, which takes them a moment. */
  async settled(): Promise<void> {
    while (this.engines() > 1) await rest(100);
  }

  private engines(): number {
    return this.page.workers().filter((w) => w.url().includes('engine.worker')).length;
  }

  title(): Promise<string> {
    return this.page.evaluate(() => document.querySelector('.status .bold')?.textContent ?? '');
  }

  /** Waits for the words at the head of the status; how long is up to the machine. */
  async until(words: RegExp): Promise<void> {
    await this.page.waitForFunction(
      (source) =>
        new RegExp(source).test(document.querySelector('.status .bold')?.textContent ?? ''),
      words.source,
      { timeout: 0 },
    );
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /**
   * Gives a folder to a file input. Playwright's `setInputFiles` does not let go of the input until
   * the page goes, so that all it was drawn with would be counted as the page's.
   */
  async giveFolder(input: string, folder: string): Promise<void> {
    const { result } = await this.session.send('Runtime.evaluate', {
      expression: `document.querySelector(${JSON.stringify(input)})`,
    });
    const objectId = defined(result.objectId);
    await this.session.send('DOM.setFileInputFiles', { files: [folder], objectId });
    await this.session.send('Runtime.releaseObject', { objectId });
  }

  /** What the map's cells say. */
  cells(): Promise<string[]> {
    return this.page.locator('#map [data-module]').allTextContents();
  }

  /** The rows that the open study's CSV saves, without what is said of the experiment. */
  async csv(): Promise<string> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.locator('#plate-panel').getByRole('button', { name: 'CSV', exact: true }).click(),
    ]);
    const text = readFileSync(defined(await download.path()), 'utf8');
    return text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n');
  }
}

/** Runs in the page: counts what it keeps in the browser. */
async function kept(): Promise<Pick<Holding, 'files' | 'fileBytes' | 'records'>> {
  let files = 0;
  let fileBytes = 0;
  let records = 0;
  const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
    for await (const entry of (
      folder as unknown as {
        values(): AsyncIterable<FileSystemDirectoryHandle | FileSystemFileHandle>;
      }
    ).values()) {
      if (entry.kind === 'directory') await walk(entry);
      else {
        files++;
        fileBytes += (await entry.getFile()).size;
      }
    }
  };
  await walk(await navigator.storage.getDirectory());
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error());
    });
    for (const store of database.objectStoreNames) {
      records += await new Promise<number>((resolve) => {
        const request = database.transaction(store).objectStore(store).count();
        request.onsuccess = () => resolve(request.result);
      });
    }
    database.close();
  }
  return { files, fileBytes, records };
}

export async function rendererOf(context: BrowserContext): Promise<number> {
  const session = await defined(context.browser()).newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return elementAt(
    processInfo.filter((p) => p.type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime),
    0,
  ).id;
}

/** Linux says it in /proc. */
function residentOf(pid: number): number | null {
  try {
    return (
      1024 *
      Number(defined(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')))[1])
    );
  } catch {
    return null;
  }
}

/**
 * Scripts are not compiled to machine code, which V8 goes on doing for hundreds of runs: 1.5 MB of
 * it that would count as growth of the heap. WebAssembly is compiled as ever.
 */
const INTERPRETED = '--js-flags=--no-opt --no-maglev --no-sparkplug';

/** A visit to the page after the shortest measurement, and what its cells show then. */
export async function measuredPlace(
  site: Site,
  flags: readonly string[] = [INTERPRETED],
): Promise<{ visit: Visit; place: Place; first: string }> {
  const visit = await site.visit(BESIDE, ...flags);
  const place = await Place.of(visit.page);
  await visit.page.goto(await linkOf(site.url, shortSpec()));
  await place.until(/^Measured/);
  return { visit, place, first: (await place.cells()).join() };
}
