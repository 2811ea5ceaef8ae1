/**
 * Tests the importance methods of the map: each from a link to ranks, in sequence on one page, and
 * compared.
 */
import { readFileSync } from 'node:fs';
import { defined } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import { defaultMethod } from '../src/spec/method.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import type { MethodSpec } from '../src/spec/spec.ts';
import {
  cells,
  cellTexts,
  measured,
  measuredUntil,
  open,
  playThenPause,
  smallSpec,
  title,
} from './page.ts';

const by = (method: MethodSpec) => smallSpec({ method });
const radio = (page: Page, name: string) => page.getByRole('radio', { name });

for (const [what, method, done] of [
  [
    'the Jacobian probe',
    { ...defaultMethod('jacobian'), repeats: 5 },
    'Measured 56 modules, 5 passes',
  ],
  [
    'the Jacobian probe, token by token',
    { ...defaultMethod('jacobian'), repeats: 1, perToken: true },
    'Measured 56 modules, 1 pass',
  ],
  [
    'both combined',
    { ...defaultMethod('combined'), signs: 8 },
    'Measured 56 modules, 8 passes and 1 repeat',
  ],
] as const) {
  test(`a link measures by ${what}`, async ({ page }) => {
    await open(page, by(method));
    await expect(title(page)).toHaveText(done);
    for (const text of await cellTexts(page)) expect(text).toMatch(/^\d+(–\d+)?$/);
    await expect(radio(page, method.name === 'combined' ? 'Combined' : 'Jacobian')).toBeChecked();
  });
}

test('results of two methods are both listed, and their orders are compared', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await radio(page, 'Jacobian').check();
  await expect(title(page)).toContainText('method AdaRank to Jacobian');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('Measured 56 modules, 8 passes');
  // The time of this method is now known; the time of the combined one is not.
  await expect(page.locator('.methods label').nth(1)).toContainText(/\d s$/);
  await expect(page.locator('.methods label').nth(2)).toContainText('between');
  await expect(page.locator('.map-card .head')).toContainText('Jacobian, 8 passes');

  // The panel of a module shows the predicted disagreement and one sampled perturbation.
  await cells(page).nth(48).click();
  await expect(page.locator('.module-panel .perturbed')).toHaveText(
    /To first order, perturbing these weights moves the logits by [\d,.]+\./,
  );
  await expect(page.locator('.module-panel')).toContainText(
    /One probe of this module moves the logits by [\d,.]+:/,
  );
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Compare two' }).click();
  const boxes = page.locator('.results input[type=checkbox]');
  await expect(boxes).toHaveCount(2);
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const order = await page.locator('.panel .finding').innerText();
  expect(Number(defined(/Spearman (0\.\d+)/.exec(order))[1])).toBeGreaterThan(0.9);
  await expect(page.locator('.panel .mini')).toHaveCount(2);
  await page.keyboard.press('Escape');

  await page.locator('.results li').getByRole('button', { name: 'repeats 3' }).click();
  await measured(page, 3);
  await expect(radio(page, 'AdaRank')).toBeChecked();
});

test('a preset that asks for a comparison ends with it, measuring the other map if needed', async ({
  page,
}) => {
  test.setTimeout(300_000);
  // The link measures a small map, so that the one to compare with is missing.
  await open(page);
  await measured(page, 3);
  const preset = page.getByRole('combobox', { name: 'Preset' });
  await preset.selectOption({ label: 'Does the text matter?' });
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText(/^Measuring the map to compare with/, { timeout: 120_000 });
  const heading = page.getByRole('heading', { name: 'Where the two differ' });
  await expect(heading).toBeVisible({ timeout: 120_000 });
  // README.md has the same numbers.
  const [, changed, moved] = defined(
    /(\d+) of 56 ranks change at mean rank 8, (\d+) of them/.exec(
      readFileSync('README.md', 'utf8'),
    ),
  );
  const card = page.locator('.map-card');
  await expect(card.locator('.finding')).toHaveText(
    `${changed} of 56 ranks change at mean rank 8.`,
  );
  await expect(card.locator('.how')).toContainText(
    `For ${moved} of them, in bold, the 95 % intervals do not overlap.`,
  );
  await expect(page.locator('.panel')).toContainText(
    'text Held-out passages to Jargon File, held out. All other settings are equal.',
  );
  const signs = (await cellTexts(page)).filter((text) => text !== '·');
  expect(signs).toHaveLength(Number(changed));
  await page.keyboard.press('Escape');
  await expect(title(page)).toHaveText('Measured 56 modules, 5 repeats');

  // The other map is saved now, so the next preset needs only its own.
  await preset.selectOption({ label: 'With one repeat?' });
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(heading).toBeVisible({ timeout: 120_000 });
  await page.keyboard.press('Escape');
  await expect(page.locator('.map-card .finding')).toHaveText(/^Rank belongs/);
});

test('Step makes one pass, Pause waits, and Play resumes', async ({ page }) => {
  await open(page, by({ ...defaultMethod('jacobian'), repeats: 64 }));
  await measuredUntil(page, /^Paused after pass 1 of 64/);
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await expect(title(page)).toHaveText('Paused after pass 2 of 64');
  // Pause waits for the current pass, and Step is disabled until then. If the previous pass was not
  // quite finished, no pass is running.
  await playThenPause(page);
  await expect(page.getByRole('button', { name: 'Step', exact: true })).not.toHaveAttribute(
    'aria-disabled',
    'true',
  );
  await expect(title(page)).toHaveText(/^Paused after pass \d+ of 64/);
  const before = Number(/after pass (\d+)/.exec(await title(page).innerText())?.[1]);
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await expect(title(page)).toHaveText(`Paused after pass ${before + 1} of 64`);
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('Measured 56 modules, 64 passes');
});

test('the settings of a method are under Advanced and in the link', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await measured(page, 3);
  await radio(page, 'Combined').check();
  await page.getByText('Advanced', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Passes' }).fill('4');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Vocabulary sample' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('Measured 56 modules, 4 passes and 1 repeat');
  await page.getByRole('button', { name: 'Export' }).click();
  await expect(page.locator('.command code').first()).toHaveText(
    'npx rank-atlas run where --set method.name=combined --set length=8 --set method.signs=4',
  );
  expect(parseSpec(by({ ...defaultMethod('combined'), signs: 4 })).method).toMatchObject({
    repeats: 1,
  });
});
