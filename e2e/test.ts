/**
 * Playwright's `test` with two additions: `THROTTLE` slows the processor by that factor (`npm run
 * test:e2e:thrice`), and pages share compiled WebAssembly.
 */
import {
  test as base,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from '@playwright/test';
import { defined } from '../src/checked.ts';

export { expect, type Locator, type Page } from '@playwright/test';

const rate = Number(process.env.THROTTLE ?? 1);

/**
 * Contexts whose next page is a holder page (see `Shared`). It is idle; throttling it would only
 * waste processor time.
 */
const holders = new WeakSet<BrowserContext>();

/**
 * Throttles the page's main thread. Chromium cannot throttle workers; runs under load slow them
 * instead.
 */
async function throttle(page: Page): Promise<void> {
  if (holders.delete(page.context())) return;
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

/**
 * A browser context that tests reuse. Its holder page holds the downloaded WebAssembly in memory:
 * with `--process-per-site` all pages share a process, which compiles the same bytes only once.
 * This saves a third of a test's time.
 */
class Shared {
  private readonly held = new Set<string>();
  private readonly context: BrowserContext;
  private readonly holder: Page;
  private readonly origin: string;

  private constructor(context: BrowserContext, holder: Page, origin: string) {
    this.context = context;
    this.holder = holder;
    this.origin = origin;
    context.on('requestfinished', (request) => {
      const url = request.url();
      if (url.startsWith(origin) && url.endsWith('.wasm') && !this.held.has(url))
        void this.hold(url);
    });
  }

  static async open(context: BrowserContext, baseURL: string): Promise<Shared> {
    holders.add(context);
    const holder = await context.newPage();
    await holder.goto(`${baseURL}/favicon.svg`);
    return new Shared(context, holder, new URL(baseURL).origin);
  }

  private async hold(url: string): Promise<void> {
    this.held.add(url);
    await this.holder
      .evaluate(async (url) => {
        const module = await WebAssembly.compileStreaming(fetch(url));
        ((window as unknown as { held?: WebAssembly.Module[] }).held ??= []).push(module);
      }, url)
      .catch(() => this.held.delete(url));
  }

  /**
   * Ends the throttling of the shared process. It would go on after its page has closed, and slow
   * the other contexts' tests.
   */
  async unthrottle(): Promise<void> {
    const session = await this.context.newCDPSession(this.holder);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    await session.detach();
  }

  /**
   * Resets the context: closes pages, clears storage and removes interceptions of the previous
   * test.
   */
  async empty(options: BrowserContextOptions): Promise<BrowserContext> {
    const { context, holder, origin } = this;
    await context.unrouteAll();
    for (const page of context.pages()) if (page !== holder) await page.close();
    await context.setOffline(false);
    await context.clearPermissions();
    await context.grantPermissions(options.permissions ?? []);
    // The process has its own copy of local storage, which clearing in the browser does not reach.
    await holder.evaluate(() => localStorage.clear());
    const session = await context.newCDPSession(holder);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
    await session.detach();
    return context;
  }
}

interface Options {
  /** Gives a test its own context. Set it if the test makes changes that cannot be undone. */
  ownContext: boolean;
}

export const test = base.extend<Options, { shared: Map<string, Promise<Shared>>; slowly: void }>({
  ownContext: [false, { option: true }],
  shared: [async ({}, use) => use(new Map()), { scope: 'worker' }],
  context: async (
    { browser, shared, ownContext, baseURL, viewport, locale, permissions },
    give,
  ) => {
    const options = { baseURL, viewport, locale, permissions };
    if (ownContext) {
      const context = await browser.newContext(options);
      await give(context);
      return context.close();
    }
    const key = JSON.stringify(options);
    if (!shared.has(key))
      shared.set(
        key,
        browser.newContext(options).then((context) => Shared.open(context, defined(baseURL))),
      );
    const reused = await defined(shared.get(key));
    await give(await reused.empty(options));
    if (rate > 1) await reused.unthrottle();
  },
  slowly: [
    async ({ browser }, use) => {
      if (rate === 1) return use();
      browser.on('context', (context) => {
        // The page may close before it is throttled.
        context.on('page', (page) => void throttle(page).catch(() => undefined));
      });
      await use();
    },
    { auto: true, scope: 'worker' },
  ],
});
