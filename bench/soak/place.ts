/** Controls a page from outside: starts runs, waits for them, and measures what the page holds. */
import { readFileSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from '@playwright/test';
import { defined, elementAt } from '../../src/checked.ts';
import { encodeLink } from '../../src/experiment/link.ts';
import { defaultSpec } from '../../src/experiment/schema.ts';
import type { ExperimentSpec } from '../../src/studies/spec.ts';
import type { Site, Visit } from '../page-browser.ts';

/** The shortest measurement: one sequence of four tokens, one repeat. */
export function shortSpec(change: Partial<ExperimentSpec> = {}): ExperimentSpec {
  const spec = defaultSpec();
  return { ...spec, sequences: 1, length: 4, method: { ...spec.method, repeats: 1 }, ...change };
}

/**
 * A file of the site that is not the page. A link opened from there is a new visit, not a new
 * experiment in an open page.
 */
export const STATIC_FILE = 'favicon.svg';

export const linkOf = async (url: string, spec: ExperimentSpec) =>
  `${url}${await encodeLink(spec)}`;

/** What a page holds after garbage collection, in bytes and counts. */
export interface Holding {
  /** JavaScript heap of the page's main thread. */
  heap: number;
  /**
   * Resident memory of the page's process, including workers and WebAssembly. Null if the system
   * does not report it.
   */
  resident: number | null;
  nodes: number;
  listeners: number;
  /** The page's engine threads. */
  threads: number;
  /** Files in the page's private file system, and their bytes. */
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

  /** Call it before the page navigates. */
  static async of(page: Page): Promise<Place> {
    // The TypeScript runner inserts calls of `__name` into functions, including those passed to the
    // page.
    await page.addInitScript({ content: 'globalThis.__name = (f) => f;' });
    return new Place(page, await page.context().newCDPSession(page));
  }

  /** The process that renders the page: the renderer with the most processor time. */
  async process(): Promise<number> {
    return rendererOf(this.page.context());
  }

  async holding(): Promise<Holding> {
    // Charts are drawn with a delay. Until then the page also holds the previous ones.
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
      ...(await this.page.evaluate(stored)),
    };
  }

  /** Waits until the threads of closed models have ended. */
  async settled(): Promise<void> {
    while (this.engines() > 1) await rest(100);
  }

  private engines(): number {
    return this.page.workers().filter((w) => w.url().includes('engine.worker')).length;
  }

  title(): Promise<string> {
    return this.page.evaluate(() => document.querySelector('.status .bold')?.textContent ?? '');
  }

  /** Waits without a timeout until the status heading matches `words`. */
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
   * Gives a directory to a file input. Playwright's `setInputFiles` holds the input until the page
   * closes, so everything rendered with it would be counted as the page's.
   */
  async giveFolder(input: string, folder: string): Promise<void> {
    const { result } = await this.session.send('Runtime.evaluate', {
      expression: `document.querySelector(${JSON.stringify(input)})`,
    });
    const objectId = defined(result.objectId);
    await this.session.send('DOM.setFileInputFiles', { files: [folder], objectId });
    await this.session.send('Runtime.releaseObject', { objectId });
  }

  /** The texts of the map's cells. */
  cells(): Promise<string[]> {
    return this.page.locator('#map [data-module]').allTextContents();
  }

  /** The rows of the open study's CSV, without the comments about the experiment. */
  async csv(): Promise<string> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.locator('#tab-panel').getByRole('button', { name: 'CSV', exact: true }).click(),
    ]);
    const text = readFileSync(defined(await download.path()), 'utf8');
    return text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n');
  }
}

/** Runs in the page: counts what it stores in the browser. */
async function stored(): Promise<Pick<Holding, 'files' | 'fileBytes' | 'records'>> {
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

/** Reads /proc, so it works on Linux only. */
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
 * Do not compile scripts to machine code. V8 continues to compile for hundreds of runs, 1.5 MB that
 * would count as growth of the heap. WebAssembly is still compiled.
 */
const INTERPRETED = '--js-flags=--no-opt --no-maglev --no-sparkplug';

/** Opens the page with the shortest measurement. Also returns the texts of its cells. */
export async function measuredPlace(
  site: Site,
  flags: readonly string[] = [INTERPRETED],
): Promise<{ visit: Visit; place: Place; first: string }> {
  const visit = await site.visit(STATIC_FILE, ...flags);
  const place = await Place.of(visit.page);
  await visit.page.goto(await linkOf(site.url, shortSpec()));
  await place.until(/^Measured/);
  return { visit, place, first: (await place.cells()).join() };
}
