/** Playwright's `test`, on a processor that is so many times slower where `THROTTLE` says so (`npm run test:e2e:thrice`). */
import { test as base, type BrowserContext, type Page } from '@playwright/test';

export { expect, type Locator, type Page } from '@playwright/test';

const rate = Number(process.env.THROTTLE ?? 1);

/** The page's own thread; Chromium throttles no workers, which the runs under load do instead. */
async function throttle(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

export const test = base.extend<{ slowly: void }>({
  slowly: [async ({ browser }, use) => {
    if (rate === 1) return use();
    // A page may be closed before it is reached.
    const onPage = (page: Page) => void throttle(page).catch(() => undefined);
    for (const context of browser.contexts()) context.on('page', onPage);
    const onContext = (context: BrowserContext) => void context.on('page', onPage);
    browser.on('context', onContext);
    await use();
    browser.off('context', onContext);
  }, { auto: true }],
});
