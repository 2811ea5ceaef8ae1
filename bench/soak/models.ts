/**
 * Changes models many times in one page, opens a large model once, and measures the memory that is
 * not released.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTinyModel } from '../../test/tiny-model.ts';
import type { Site } from '../page-browser.ts';
import { measuredPlace, type Holding, type Place } from './place.ts';

export interface Models {
  changes: number;
  /** Measured each time the bundled model is loaded and measured again. */
  holdings: ({ change: number } & Holding)[];
  same: boolean;
  /**
   * Before opening a large model, after measuring it, and after returning to the bundled model.
   * Null if no large model was given.
   */
  large: { before: Holding; open: Holding; after: Holding } | null;
}

export async function manyModels(
  site: Site,
  changes: number,
  largeModel: string | null,
  log: (words: string) => void,
): Promise<Models> {
  const { visit, place, first } = await measuredPlace(site);
  const folder = writeTinyModel(mkdtempSync(join(tmpdir(), 'rank-atlas-soak-')));
  const holdings: Models['holdings'] = [];
  let same = true;
  try {
    for (let change = 0; change < changes; change += 2) {
      await load(place, folder);
      await load(place, null);
      same &&= (await place.cells()).join() === first;
      holdings.push({ change: change + 2, ...(await place.holding()) });
      log(`${change + 2} of ${changes} model changes, ${JSON.stringify(holdings.at(-1))}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
    await visit.close();
  }
  const large = largeModel === null ? null : await leaving(site, largeModel, log);
  return { changes, holdings, same, large };
}

/** Opens and leaves a large model in a separate page. */
async function leaving(
  site: Site,
  model: string,
  log: (words: string) => void,
): Promise<NonNullable<Models['large']>> {
  const { visit, place } = await measuredPlace(site, []);
  try {
    const before = await place.holding();
    await load(place, model);
    const open = await place.holding();
    await load(place, null);
    const large = { before, open, after: await place.holding() };
    log(`Large model opened and left: ${JSON.stringify(large)}`);
    return large;
  } finally {
    await visit.close();
  }
}

/** Opens a model from disk, or the bundled model, and measures it. */
async function load(place: Place, folder: string | null): Promise<void> {
  const { page } = place;
  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).first().click();
  if (folder === null) await place.press('Inspect');
  else {
    await page.locator('.picker').waitFor();
    await place.giveFolder('.picker input[webkitdirectory]', folder);
  }
  // A large model takes a while to read.
  await page.getByRole('button', { name: /^Load / }).click({ timeout: 0 });
  await place.until(/^Ready$/);
  await place.press('Play');
  await place.until(/^Measured/);
  await place.settled();
}
