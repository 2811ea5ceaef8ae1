/**
 * Tests threads that hang on an untrusted file or text: the page ends them and continues. Closing a
 * model also ends its thread. No accepted tokenizer takes that long, so the tests replace a
 * function in the real thread by an endless loop.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defined, elementAt } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import type { AdaRankSpec } from '../src/spec/spec.ts';
import { writeTinyModel } from '../test/tiny-model.ts';
import { cells, cellTexts, measured, open, smallSpec, title } from './page.ts';

// An installed clock cannot be removed, so each test needs its own context.
test.use({ ownContext: true });

let folder: string;
test.beforeEach(async ({ page }) => {
  folder = writeTinyModel(mkdtempSync(join(tmpdir(), 'rank-atlas-stuck-')));
  // The tests advance the page's clock instead of waiting for minutes.
  await page.clock.install();
});
test.afterEach(() => rmSync(folder, { recursive: true }));

const short = () =>
  smallSpec({ length: 6, method: { ...smallSpec().method, repeats: 2 } as AdaRankSpec });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** The engine's threads, without those of the runtime. */
const threads = (page: Page) => page.workers().filter((w) => w.url().includes('engine.worker'));

/**
 * Makes a thread hang when it next encodes text to bytes (tokenizing) or decodes bytes to text
 * (reading JSON).
 */
const holdNext = (page: Page, thread: number, what: 'encode' | 'decode') =>
  elementAt(threads(page), thread).evaluate((what) => {
    const held = () => {
      for (;;);
    };
    if (what === 'encode') TextEncoder.prototype.encode = held;
    else TextDecoder.prototype.decode = held;
  }, what);

/** Advances the page's clock until an alert matches `words`. */
async function untilShown(page: Page, words: RegExp): Promise<void> {
  await expect
    .poll(async () => {
      await page.clock.runFor(5000);
      return (await page.getByRole('alert').allTextContents()).join(' ');
    })
    .toMatch(words);
}

async function look(page: Page): Promise<void> {
  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).first().click();
  await page.locator('.picker input[type="file"]').first().setInputFiles(folder);
}

async function loadTiny(page: Page): Promise<void> {
  await look(page);
  await page.getByRole('button', { name: /^Load / }).click();
  await expect(page.locator('.sidebar')).toContainText('<s> before each sequence');
  await expect(title(page)).toHaveText('Ready');
  // The thread of the previous model has ended.
  await expect.poll(() => threads(page)).toHaveLength(1);
}

test('a model stuck in tokenising is named in the error, and the bundled model replaces it', async ({
  page,
}) => {
  await open(page, short());
  await measured(page, 2);
  const before = await cellTexts(page);
  await loadTiny(page);
  await holdNext(page, 0, 'encode');
  await press(page, 'Play');
  await untilShown(
    page,
    /^rank-atlas-stuck-\w+ takes too long to tokenise this text: no response for 60 seconds\. A bundled model was opened instead/,
  );
  await expect(title(page)).toHaveText('Ready');
  await expect.poll(() => threads(page)).toHaveLength(1);
  await press(page, 'Play');
  await measured(page, 2);
  await expect.poll(() => cellTexts(page)).toEqual(before);
  await press(page, 'Reset');
  await expect(title(page)).toHaveText('Ready');
  await loadTiny(page);
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Measured 14 modules, 2 repeats');
});

test('if a bundled model is stuck, the error names the text', async ({ page }) => {
  await open(page, short());
  await measured(page, 2);
  await holdNext(page, 0, 'encode');
  await press(page, 'Reset');
  await press(page, 'Play');
  await untilShown(page, /^The text takes too long to tokenise: no response for 60 seconds/);
  await expect(title(page)).toHaveText('Ready');
  await press(page, 'Play');
  await measured(page, 2);
});

test('a model that is stuck during inspection stops nothing else', async ({ page }) => {
  await open(page, short());
  await measured(page, 2);
  await look(page);
  await expect(page.getByRole('button', { name: /^Load / })).toBeVisible();
  await holdNext(page, 1, 'decode');
  await page.locator('.picker input[type="file"]').first().setInputFiles(folder);
  // The engine's thread measures at the same time.
  await press(page, 'Reset');
  await press(page, 'Play');
  await measured(page, 2);
  await untilShown(
    page,
    /^rank-atlas-stuck-\w+ ?rank-atlas-stuck-\w+ takes too long to read: no response for 120 seconds/,
  );
  await expect.poll(() => threads(page)).toHaveLength(1);
  expect(await cells(page).count()).toBe(0); // the picker still covers the map
  await page.locator('.picker input[type="file"]').first().setInputFiles(folder);
  await page.getByRole('button', { name: /^Load / }).click();
  await expect(page.locator('.sidebar')).toContainText('<s> before each sequence');
});

test('another model opens in another thread, and the visible results remain', async ({ page }) => {
  await open(page, short());
  await measured(page, 2);
  const [first] = threads(page);
  const before = await cellTexts(page);
  const closed = new Promise((resolve) => defined(first).once('close', resolve));
  await loadTiny(page);
  await closed;
  await expect.poll(() => threads(page)).toHaveLength(1);
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Measured 14 modules, 2 repeats');
  // The result of the previous model is still available.
  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).first().click();
  await press(page, 'Inspect');
  await page.getByRole('button', { name: /^Load / }).click();
  await expect(page.locator('.sidebar')).toContainText('No BOS');
  await expect.poll(() => threads(page)).toHaveLength(1);
  await page.locator('.results li button').first().click();
  await measured(page, 2);
  await expect.poll(() => cellTexts(page)).toEqual(before);
});
