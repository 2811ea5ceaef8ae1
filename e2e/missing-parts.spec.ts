/**
 * Tests missing files of the page, after a lost connection or a newer release. The affected part
 * shows an error and can retry; the run and the rest of the page continue.
 */
import { expect, test, type Page } from './test.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { cellTexts, measured, open, smallSpec, title } from './page.ts';

const gone = (page: Page, file: string) =>
  page.route(`**/assets/${file}-*.js`, (route) =>
    route.fulfill({ status: 404, body: 'Not found' }),
  );
const tab = (page: Page, name: string) => page.getByRole('tab', { name, exact: true });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** Waits until the page has downloaded all of its files. */
const whole = (page: Page) =>
  page.waitForFunction(() => performance.getEntriesByName('rank-atlas:rest-there').length > 0);

test('a tab whose file is missing reports it and opens on the next try', async ({ page }) => {
  await gone(page, 'RacePanel');
  await open(page);
  await measured(page, 3);
  const ranks = await cellTexts(page);
  await tab(page, 'Race').click();
  const panel = page.getByRole('tabpanel');
  await expect(panel.getByRole('alert')).toContainText('Part of this page failed to load');
  expect(await cellTexts(page)).toEqual(ranks);
  await tab(page, 'Layers').click();
  await expect(panel.getByRole('alert')).toHaveCount(0);
  await tab(page, 'Race').click();
  await page.unrouteAll();
  await panel.getByRole('button', { name: 'Try again' }).click();
  await expect(panel.getByRole('heading').first()).toBeVisible();
  await expect(panel.getByRole('alert')).toHaveCount(0);
});

test('a dialog whose file is missing leaves the run alone', async ({ page }) => {
  await gone(page, 'Dialogs');
  await open(page);
  await button(page, 'Help').click();
  await expect(page.locator('.part-failed')).toContainText('Part of this page failed to load');
  await measured(page, 3);
  await page.locator('.part-failed').getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.locator('.part-failed')).toHaveCount(0);
});

test('a study whose code is missing reports it and runs on the next try', async ({ page }) => {
  await gone(page, 'race-run');
  await open(page, shortRace());
  await expect(title(page)).toHaveText('Nothing trained yet');
  await button(page, 'Play').click();
  await expect(page.getByRole('alert')).toContainText('Part of this page failed to load');
  await page.unrouteAll();
  await button(page, 'Play').click();
  await expect(title(page)).toHaveText('The race is over');
});

test('loaded once, every tab works without a network', async ({ page, context }) => {
  test.slow();
  await open(page, shortStudies());
  await expect(title(page)).toHaveText('Nothing trained yet');
  await whole(page);
  await context.route('**/*', (route) => route.abort('internetdisconnected'));
  await context.setOffline(true);
  for (const name of ['Certainty', 'Race', 'Slider', 'Prune', 'Compress', 'Text', 'Layers']) {
    await tab(page, name).click();
    await expect(page.getByRole('tabpanel').locator('h2').first()).toBeVisible();
  }
  for (const name of ['Help', 'Export']) {
    await button(page, name).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
  }
  await expect(page.locator('.part-failed')).toHaveCount(0);
  for (const [name, done] of [
    ['Race', 'The race is over'],
    ['Slider', 'Trained'],
    ['Prune', 'Pruned'],
    ['Compress', 'Compressed'],
    ['Text', 'Written'],
  ] as const) {
    await tab(page, name).click();
    await button(page, 'Play').click();
    await expect(title(page)).toHaveText(done);
  }
  await expect(page.getByRole('alert')).toHaveCount(0);
});

/** An experiment in which every study is as short as possible. */
function shortStudies(): ExperimentSpec {
  const spec = shortRace();
  return {
    ...spec,
    train: { ...spec.train, ranks: { kind: 'uniform', rank: 2 } },
    prune: { ...spec.prune, rounds: 1, meanRank: 2, samples: 3, baselines: false },
    compress: {
      ...spec.compress,
      rowBlocks: [1],
      samples: 12,
      test: 8,
      trials: 2,
      checks: 0,
    },
    samples: { ...spec.samples, tokens: 4 },
  };
}

function shortRace(): ExperimentSpec {
  const spec = smallSpec({ study: 'race' });
  const training = {
    ...spec.training,
    steps: 2,
    batch: 2,
    length: 8,
    heldSequences: 2,
    evaluateEvery: 0,
  };
  return { ...spec, training, race: { ...spec.race, entries: ['uniform', 'random'] } };
}
