/** When something breaks: the engine dies, nothing works, the tab is hidden. The page says so and goes on, or waits. */
import { expect, test, type Locator, type Page } from '@playwright/test';
import type { ExperimentSpec } from '../src/experiment/spec.ts';
import { cells, cellTexts, measured, open, saved, smallSpec, title } from './page.ts';

/** Keeps hold of the page's threads, so that a test can let one die as an out-of-memory abort would. */
const holdWorkers = (page: Page) => page.addInitScript(() => {
  const all: Worker[] = [];
  Object.assign(window, { threads: all, Worker: class extends Worker { constructor(url: string | URL, options?: WorkerOptions) { super(url, options); all.push(this); } } });
});
const killWorker = (page: Page) => page.evaluate(() => {
  const thread = (window as unknown as { threads: Worker[] }).threads.at(-1)!;
  thread.terminate();
  thread.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
});

/** Unfinished studies the browser keeps. */
const checkpoints = (page: Page) => page.evaluate(() => new Promise<number>((resolve, reject) => {
  const request = indexedDB.open('rank-atlas');
  request.onerror = () => reject(request.error!);
  request.onsuccess = () => {
    const database = request.result, count = database.transaction('checkpoints').objectStore('checkpoints').count();
    count.onsuccess = () => { database.close(); resolve(count.result); };
  };
}));
const stepIn = async (plate: Locator) => Number(/step (\d+) of/.exec(await plate.locator('.how').textContent() ?? '')?.[1] ?? 0);
/** Notes every step the race says it is at, from now on. */
const watchSteps = (page: Page) => page.evaluate(() => {
  const steps: number[] = [], look = () => {
    const at = /step (\d+) of/.exec(document.querySelector('[role="tabpanel"] .how')?.textContent ?? '')?.[1];
    if (at !== undefined) steps.push(Number(at));
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
  Object.assign(window, { steps });
});

// So few tokens that repeats 2 to 4 and 5 to 6 go together: the page then names the first of them.
const spec = () => { const small = smallSpec(); return { ...small, method: { ...small.method, repeats: 6 } }; };
const inRepeat = (page: Page, repeat: number) => expect(title(page)).toHaveText(new RegExp(`repeat ${repeat} of 6`), { timeout: 60_000 });

test('a dead engine is brought back once by itself, and the run goes on from its draws', async ({ page }) => {
  await open(page, spec());
  await measured(page, 6);
  const undisturbed = await cellTexts(page);

  const other = await page.context().newPage();
  await holdWorkers(other);
  await open(other, spec());
  await inRepeat(other, 2);
  await killWorker(other);
  await expect(other.getByRole('alert')).toContainText(/The engine stopped\. It goes on from repeat [2-5]\./);
  await measured(other, 6);
  await expect(other.getByRole('alert')).toHaveCount(0);
  expect(await cellTexts(other)).toEqual(undisturbed);
});

test('an engine that dies twice asks before it goes on', async ({ page }) => {
  await holdWorkers(page);
  await open(page, spec());
  await inRepeat(page, 2);
  await killWorker(page);
  await expect(page.getByRole('alert')).toContainText('The engine stopped.');
  await inRepeat(page, 5);
  await killWorker(page);
  await expect(page.getByRole('alert')).toContainText('The engine stopped twice.');
  await expect(title(page)).toHaveText(/^Stopped at repeat/);
  expect(await page.locator('#map .cell:not(.void)').count()).toBe(56);
  await page.getByRole('button', { name: 'Try again' }).click();
  await measured(page, 6);
});

test('a race whose engine dies is brought back by itself and goes on from its checkpoint, to the same numbers', async ({ page }) => {
  test.slow();
  const small = smallSpec({ study: 'race' });
  const race: ExperimentSpec = { ...small, training: { ...small.training, steps: 12, batch: 2, length: 16, heldSequences: 4, evaluateEvery: 4 }, race: { ...small.race, entries: ['uniform', 'random'] } };
  const plate = (of: Page) => of.getByRole('tabpanel');
  const ready = async (of: Page) => {
    await open(of, race);
    await expect(title(of)).toHaveText('Nothing trained yet', { timeout: 90_000 });
    await of.getByRole('button', { name: 'Play' }).click();
  };
  const losses = async (of: Page) => {
    await expect(title(of)).toHaveText('The race is over', { timeout: 120_000 });
    return (await saved(of, () => plate(of).getByRole('button', { name: 'CSV' }).click())).text;
  };
  await ready(page);
  const undisturbed = await losses(page);

  const other = await page.context().newPage();
  await holdWorkers(other);
  await ready(other);
  await expect(plate(other).locator('.how')).toContainText(/step [4-9] of 12/, { timeout: 60_000 });
  // A pause leaves a checkpoint.
  await other.getByRole('button', { name: 'Pause' }).click();
  await expect(title(other)).toHaveText('Paused');
  await expect.poll(() => checkpoints(other)).toBe(1);
  const stood = await stepIn(plate(other));
  expect(stood).toBeGreaterThanOrEqual(4);
  await other.getByRole('button', { name: 'Play' }).click();
  await expect.poll(() => stepIn(plate(other)), { timeout: 60_000 }).toBeGreaterThan(stood);
  await watchSteps(other);
  await killWorker(other);
  expect(await losses(other)).toBe(undisturbed);
  const seen = await other.evaluate(() => (window as unknown as { steps: number[] }).steps);
  // Nothing was begun anew: every step seen since then lies behind the checkpoint.
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(stood);
  await expect(other.getByRole('alert')).toHaveCount(0);
  expect(await checkpoints(other)).toBe(0);
});

test('where no engine works a recorded run is shown and marked as one', async ({ page }) => {
  await page.route('**/*.wasm', (route) => route.abort());
  await open(page, null);
  await expect(title(page)).toHaveText('A recorded run', { timeout: 60_000 });
  await expect(page.locator('.chips .chip').first()).toHaveText(/^Recorded \d{4}-\d\d-\d\d, /);
  await expect(page.getByRole('button', { name: 'Play' })).toBeDisabled();
  await expect(page.getByRole('alert')).toContainText('could not be fetched');
  for (const text of await cellTexts(page)) expect(text).toMatch(/^\d+(–\d+)?$/);
  await cells(page).first().click();
  await expect(page.locator('.panel .dots svg')).toBeVisible();
});

test('a hidden tab waits until it is looked at', async ({ page }) => {
  await page.addInitScript(() => {
    let hidden = true;
    Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
    Object.assign(window, { look: () => { hidden = false; document.dispatchEvent(new Event('visibilitychange')); } });
  });
  await open(page);
  await expect(page.locator('.status')).toContainText('Starts when this tab is in view.', { timeout: 60_000 });
  await page.evaluate(() => (window as unknown as { look(): void }).look());
  await measured(page, 3);
});
