/** Helpers for all page tests: open the page with a small experiment and read what it shows. */
import { expect, type Page } from '@playwright/test';
import { defined } from '../src/checked.ts';
import { fetchedSizes } from '../bench/size.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { defaultSpec } from '../src/experiment/schema.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';

/** A measurement that takes one or two seconds: two sequences of eight tokens, three repeats. */
export const smallSpec = (change: Partial<ExperimentSpec> = {}): ExperimentSpec => {
  const spec = defaultSpec();
  return { ...spec, sequences: 2, length: 8, method: { ...spec.method, repeats: 3 }, ...change };
};

/**
 * Opens the page on an experiment, which it measures automatically. Uncaught errors of the page
 * fail the test.
 */
export async function open(
  page: Page,
  spec: ExperimentSpec | null = smallSpec(),
  query = '',
): Promise<void> {
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(`/${query}${spec ? await encodeLink(spec) : ''}`);
}

export const title = (page: Page) => page.locator('.status .bold').first();

/** Waits for a finished run of the bundled model, which has 56 modules. */
export async function measured(page: Page, repeats: number): Promise<void> {
  await expect(title(page)).toHaveText(`Measured 56 modules, ${repeats} repeats`);
}

export const cells = (page: Page) => page.locator('#map [data-module]');
export const cellTexts = (page: Page) => cells(page).allTextContents();
/** The sum of ranks of each layer, from the numbers next to the bars. */
export const layerSums = async (page: Page) =>
  (await page.locator('.side .sums > div').allTextContents()).map((s) =>
    Number(s.replace(/,/g, '')),
  );

/** The name and text of the file that a click downloads. */
export async function saved(
  page: Page,
  click: () => Promise<void>,
): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  const stream = await download.createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { name: download.suggestedFilename(), text: Buffer.concat(parts).toString('utf8') };
}

/**
 * Checks that measuring needs at most 340 kB of our own code, gzipped. Code for studies, dialogs
 * and exports loads later.
 */
export async function expectSmall(page: Page): Promise<void> {
  const { total, parts } = defined(await fetchedSizes(page));
  expect(parts.map((p) => p.name)).toEqual(
    expect.arrayContaining(['index', 'react', 'recharts', 'engine.worker']),
  );
  expect(total, JSON.stringify(parts)).toBeLessThan(340);
}

/**
 * Clicks Step whenever it is enabled until `place` shows `words`, so the run pauses there at any
 * machine speed. Works from Ready and from a pause.
 */
export async function stepUntil(page: Page, place: string, words: RegExp): Promise<void> {
  await page.waitForFunction(
    ({ place, source }) => {
      const step = [...document.querySelectorAll('button')].find((b) => b.textContent === 'Step');
      if (!step || step.disabled || step.ariaDisabled === 'true') return false;
      if (new RegExp(source).test(document.querySelector(place)?.textContent ?? '')) return true;
      step.click();
      return false;
    },
    { place, source: words.source },
    { timeout: 0 },
  );
}

/**
 * Runs one more step. A run saves the checkpoint of the previous pause before it continues, so that
 * checkpoint exists when this step is shown.
 */
export async function stepOn(page: Page): Promise<void> {
  const step = page.getByRole('button', { name: 'Step', exact: true });
  await step.click();
  await expect(step).not.toHaveAttribute('aria-disabled', 'true');
}

/** Resets the automatic measurement and repeats it step by step until the status shows `words`. */
export async function measuredUntil(page: Page, words: RegExp): Promise<void> {
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(title(page)).toHaveText('Ready');
  await stepUntil(page, '.status .bold', words);
}

/** Presses Play and Pause in one task, so that nothing can finish in between. */
export async function playThenPause(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (let press = 0; press < 2; press++)
      document.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', bubbles: true }));
  });
}

let watches = 0;

/**
 * Records everything that `place` shows from now on, also across reloads. It catches text that
 * disappears before a test looks. Wait for text with `saw`.
 */
export async function watch(page: Page, place: string): Promise<readonly string[]> {
  const seen: string[] = [];
  const name = `seen${watches++}`;
  await page.exposeFunction(name, (words: string) => {
    seen.push(words);
  });
  const observe = ({ place, name }: { place: string; name: string }) => {
    let last = '';
    const look = () => {
      const words = [...document.querySelectorAll(place)].map((e) => e.textContent).join(' ');
      if (words !== last)
        (window as unknown as Record<string, (words: string) => void>)[name]?.((last = words));
    };
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    look();
  };
  await page.addInitScript(observe, { place, name });
  await page.evaluate(observe, { place, name });
  return seen;
}

/** Waits until one of the recorded texts matches `words`. */
export const saw = (seen: readonly string[], words: RegExp) =>
  expect
    .poll(() => seen.some((s) => words.test(s)), { message: `${words} was never shown` })
    .toBe(true);
