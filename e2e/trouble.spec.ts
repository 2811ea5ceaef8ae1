/**
 * Tests failures: the engine dies, no engine works, the tab is hidden. The page reports the failure
 * and resumes, or waits.
 */
import { expect, test, type Locator, type Page } from './test.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import {
  cells,
  cellTexts,
  measured,
  measuredUntil,
  open,
  saved,
  saw,
  smallSpec,
  stepOn,
  stepUntil,
  title,
  watch,
} from './page.ts';

/**
 * Records the page's threads, so that a test can terminate one as an out-of-memory abort would.
 * `secondDies`: the second thread terminates when its first message about a run arrives.
 */
const holdWorkers = (page: Page, secondDies = false) =>
  page.addInitScript((secondDies) => {
    const all: Worker[] = [];
    class Held extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        if (all.push(this) !== 2 || !secondDies) return;
        this.addEventListener('message', (message: MessageEvent<{ kind: string }>) => {
          if (message.data.kind !== 'study') return;
          message.stopImmediatePropagation();
          this.terminate();
          this.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
        });
      }
    }
    Object.assign(window, { threads: all, Worker: Held });
  }, secondDies);
/**
 * Terminates the thread of a paused run and presses Play, so that the run starts but cannot
 * proceed.
 */
const dieAtPlay = (page: Page) =>
  page.evaluate(() => {
    const thread = (window as unknown as { threads: Worker[] }).threads.at(-1);
    thread?.terminate();
    [...document.querySelectorAll('button')].find((b) => b.textContent === 'Play')?.click();
    thread?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
  });

/** The number of unfinished studies saved in the browser. */
const checkpoints = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const request = indexedDB.open('rank-atlas');
        request.onerror = () => reject(request.error ?? new Error());
        request.onsuccess = () => {
          const database = request.result;
          const count = database.transaction('checkpoints').objectStore('checkpoints').count();
          count.onsuccess = () => {
            database.close();
            resolve(count.result);
          };
        };
      }),
  );
const stepIn = async (panel: Locator) =>
  Number(/step (\d+) of/.exec((await panel.locator('.how').textContent()) ?? '')?.[1] ?? 0);
/** Records every step of the race from now on. */
const watchSteps = (page: Page) =>
  page.evaluate(() => {
    const steps: number[] = [];
    const look = () => {
      const at = /step (\d+) of/.exec(
        document.querySelector('[role="tabpanel"] .how')?.textContent ?? '',
      )?.[1];
      if (at !== undefined) steps.push(Number(at));
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    look();
    Object.assign(window, { steps });
  });

const spec = () => {
  const small = smallSpec();
  return { ...small, method: { ...small.method, repeats: 6 } };
};

/** Returns the ranks of an undisturbed run, and a second page whose threads can be terminated. */
async function twoPages(page: Page): Promise<{ undisturbed: string[]; other: Page }> {
  await open(page, spec());
  await measured(page, 6);
  const undisturbed = await cellTexts(page);
  const other = await page.context().newPage();
  await holdWorkers(other);
  await open(other, spec());
  return { undisturbed, other };
}

test('a dead engine is restarted once automatically, and the run resumes from its draws', async ({
  page,
}) => {
  const { undisturbed, other } = await twoPages(page);
  await measuredUntil(other, /repeat 2 of 6/);
  const texts = await watch(other, '[role="alert"]');
  await dieAtPlay(other);
  await saw(texts, /The engine stopped\. The run resumes from repeat 2\./);
  await measured(other, 6);
  await expect(other.getByRole('alert')).toHaveCount(0);
  await expect.poll(() => cellTexts(other)).toEqual(undisturbed);
});

test('a worker that dies before its first run is restarted and runs it', async ({ page }) => {
  const { undisturbed, other } = await twoPages(page);
  await measured(other, 6);
  await other.getByRole('button', { name: 'Reset' }).click();
  const texts = await watch(other, '[role="alert"]');
  // In the same task as Play, before the page has read the text that it sends to the thread.
  await dieAtPlay(other);
  await saw(texts, /The engine stopped\. The run resumes from repeat 1\./);
  await measured(other, 6);
  await expect.poll(() => cellTexts(other)).toEqual(undisturbed);
});

test('an engine that dies twice asks before it resumes', async ({ page }) => {
  await holdWorkers(page, true);
  await open(page, spec());
  await measuredUntil(page, /repeat 2 of 6/);
  const texts = await watch(page, '[role="alert"]');
  await dieAtPlay(page);
  await expect(page.getByRole('alert')).toContainText('The engine stopped twice.');
  await saw(texts, /The engine stopped\. The run resumes from repeat 2\./);
  await expect(title(page)).toHaveText(/^Stopped at repeat/);
  expect(await page.locator('#map .cell:not(.void)').count()).toBe(56);
  await page.getByRole('button', { name: 'Try again' }).click();
  await measured(page, 6);
});

test('a race resumes automatically from its checkpoint after the engine died, with the same numbers', async ({
  page,
}) => {
  test.slow();
  const small = smallSpec({ study: 'race' });
  const race: ExperimentSpec = {
    ...small,
    training: {
      ...small.training,
      steps: 12,
      batch: 2,
      length: 16,
      heldSequences: 4,
      evaluateEvery: 4,
    },
    race: { ...small.race, entries: ['uniform', 'random'] },
  };
  const panel = (of: Page) => of.getByRole('tabpanel');
  const ready = async (of: Page) => {
    await open(of, race);
    await expect(title(of)).toHaveText('Nothing trained yet');
  };
  const losses = async (of: Page) => {
    await expect(title(of)).toHaveText('The race is over');
    return (await saved(of, () => panel(of).getByRole('button', { name: 'CSV' }).click())).text;
  };
  await ready(page);
  await page.getByRole('button', { name: 'Play' }).click();
  const undisturbed = await losses(page);

  const other = await page.context().newPage();
  await holdWorkers(other);
  await ready(other);
  await stepUntil(other, '[role="tabpanel"] .how', /step [4-9] of 12/);
  const stood = await stepIn(panel(other));
  await stepOn(other);
  await expect(title(other)).toHaveText('Paused');
  expect(await checkpoints(other)).toBe(1);
  await watchSteps(other);
  await dieAtPlay(other);
  expect(await losses(other)).toBe(undisturbed);
  const seen = await other.evaluate(() => (window as unknown as { steps: number[] }).steps);
  // The run resumed: every later step follows the checkpoint.
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(stood);
  await expect(other.getByRole('alert')).toHaveCount(0);
  await expect.poll(() => checkpoints(other)).toBe(0);
});

test('without a working engine, a recorded run is shown and labelled as recorded', async ({
  page,
}) => {
  await page.route('**/*.wasm', (route) => route.abort());
  await open(page, null);
  await expect(title(page)).toHaveText('A recorded run');
  await expect(page.locator('.chips .chip').first()).toHaveText(/^Recorded \d{4}-\d\d-\d\d, /);
  await expect(page.getByRole('button', { name: 'Play' })).toBeDisabled();
  await expect(page.getByRole('alert')).toContainText('could not be downloaded');
  for (const text of await cellTexts(page)) expect(text).toMatch(/^\d+(–\d+)?$/);
  await cells(page).first().click();
  await expect(page.locator('.module-panel .dots svg')).toBeVisible();
});

test('a hidden tab starts when it becomes visible', async ({ page }) => {
  await page.addInitScript(() => {
    let hidden = true;
    Object.defineProperty(document, 'visibilityState', {
      get: () => (hidden ? 'hidden' : 'visible'),
    });
    Object.assign(window, {
      look: () => {
        hidden = false;
        document.dispatchEvent(new Event('visibilitychange'));
      },
    });
  });
  await open(page);
  await expect(page.locator('.status')).toContainText('Starts when this tab is visible.');
  await page.evaluate(() => (window as unknown as { look(): void }).look());
  await measured(page, 3);
});
