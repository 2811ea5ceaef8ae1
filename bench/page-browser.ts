/** Serves the built page like `npm run preview` and opens it in Chromium with a fresh profile. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { preview } from 'vite';
import { defined, elementAt } from '../src/checked.ts';
import { findChromium, howToGetChromium } from '../tools/chromium.mjs';

const root = resolve(import.meta.dirname, '..');

/** What `page-watch.js` records. Times are in ms since navigation, null until the event occurs. */
export interface Seen {
  measuring: number | null;
  firstCell: number | null;
  firstSweep: number | null;
  done: number | null;
  /** Tasks of 50 ms or more on the main thread. */
  tasks: { start: number; duration: number }[];
  /** The engine's last report, in bytes. */
  memory: { device: number; heap: number } | null;
  /** Messages that carry events of a run. */
  eventMessages: number;
}

export interface Visit {
  browser: Browser;
  page: Page;
  seen(): Promise<Seen>;
  close(): Promise<void>;
}

export interface Site {
  url: string;
  visit(path: string, ...flags: string[]): Promise<Visit>;
  close(): Promise<void>;
}

/** Serves the built page on a free port. Throws if there is no build or no browser. */
export async function serve(): Promise<Site> {
  if (!existsSync(resolve(root, 'dist/index.html')))
    throw new Error('There is no dist/ to measure: run `npm run build` first.');
  const executablePath = findChromium();
  if (!executablePath) throw new Error(howToGetChromium);
  const server = await preview({ root, logLevel: 'error', preview: { port: 0 } });
  const url = elementAt(defined(server.resolvedUrls).local, 0);
  return {
    url,
    async visit(path, ...flags) {
      const browser = await chromium.launch({
        executablePath,
        args: ['--no-sandbox', '--enable-blink-features=ForceEagerMeasureMemory', ...flags],
      });
      const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        locale: 'en-GB',
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => {
        throw error;
      });
      await page.addInitScript({ path: resolve(import.meta.dirname, 'page-watch.js') });
      await page.goto(url + path, { waitUntil: 'commit' });
      return {
        browser,
        page,
        seen: () => page.evaluate(() => (globalThis as unknown as { pageBench: Seen }).pageBench),
        close: () => browser.close(),
      };
    },
    close: () => server.close(),
  };
}

/** Seconds of processor time of the whole browser. */
export async function browserTime(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.reduce((sum, p) => sum + p.cpuTime, 0);
}
