/** What every page test needs: opening the page with a small experiment, and reading what it shows. */
import { expect, type Page } from '@playwright/test';
import { fetchedSizes } from '../bench/size.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { defaultSpec } from '../src/experiment/schema.ts';
import type { ExperimentSpec } from '../src/experiment/spec.ts';

/** A measurement of a second or two: two sequences of eight tokens, three repeats. */
export const smallSpec = (change: Partial<ExperimentSpec> = {}): ExperimentSpec => {
  const spec = defaultSpec();
  return { ...spec, sequences: 2, length: 8, method: { ...spec.method, repeats: 3 }, ...change };
};

/** Opens the page on an experiment; it measures by itself. Console errors fail the test that caused them. */
export async function open(page: Page, spec: ExperimentSpec | null = smallSpec(), query = ''): Promise<void> {
  page.on('pageerror', (error) => { throw error; });
  await page.goto(`/${query}${spec ? await encodeLink(spec) : ''}`);
}

export const title = (page: Page) => page.locator('.status .bold').first();

/** Waits for a finished run of the Atlas model: 56 modules. */
export async function measured(page: Page, repeats: number, timeout = 90_000): Promise<void> {
  await expect(title(page)).toHaveText(`Measured 56 modules, ${repeats} repeats`, { timeout });
}

export const cells = (page: Page) => page.locator('#map [data-module]');
export const cellTexts = (page: Page) => cells(page).allTextContents();
/** Ranks per layer, the numbers beside the bars. */
export const layerSums = async (page: Page) => (await page.locator('.side .sums > div').allTextContents()).map((s) => Number(s.replace(/,/g, '')));

/** What a click makes the browser save, as text. */
export async function saved(page: Page, click: () => Promise<void>): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  const stream = await download.createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { name: download.suggestedFilename(), text: Buffer.concat(parts).toString('utf8') };
}

/** Nobody is made to fetch more than 300 kB of our own code, gzipped, to measure. What only studies, sheets and exports need comes later. */
export async function expectSmall(page: Page): Promise<void> {
  const { total, parts } = (await fetchedSizes(page))!;
  expect(parts.map((p) => p.name)).toEqual(expect.arrayContaining(['index', 'react', 'recharts', 'engine.worker']));
  expect(total, JSON.stringify(parts)).toBeLessThan(300);
}
