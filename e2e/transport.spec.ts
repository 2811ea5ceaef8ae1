/**
 * Tests the run controls (Reset, Play, Pause, Step, undo), and settings that change the ranks or
 * need a new measurement.
 */
import { defined } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import {
  cells,
  cellTexts,
  layerSums,
  measured,
  measuredUntil,
  open,
  playThenPause,
  saw,
  smallSpec,
  title,
  watch,
} from './page.ts';

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const probed = (page: Page) => page.locator('#map .cell:not(.void)').count();
const longSpec = () => {
  const spec = smallSpec({ sequences: 4, length: 32 });
  return { ...spec, method: { ...spec.method, repeats: 8 } };
};

test('pauses, steps one module at a time, and resumes', async ({ page }) => {
  await open(page, longSpec());
  await measuredUntil(page, /^Paused at layer 0 q, repeat 1 of 8/);
  // The current probe finishes first; then the page is paused.
  await playThenPause(page);
  await expect(title(page)).toHaveText(/^Paused at layer \d+ (?!q,)/);
  const where = await title(page).innerText();
  const next = defined(
    /layer (\d+) (\w+)\./.exec(await page.locator('.status .small').first().innerText()),
  );
  await press(page, 'Step');
  await expect(title(page)).toHaveText(new RegExp(`^Paused at layer ${next[1]} ${next[2]},`));
  expect(await title(page).innerText()).not.toBe(where);
  const titles = await watch(page, '.status .bold');
  await press(page, 'Play');
  await saw(titles, /^Measuring/);
});

test('Step from an empty map probes exactly one module', async ({ page }) => {
  await open(page, longSpec());
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(title(page)).toHaveText('Ready');
  await expect.poll(() => probed(page)).toBe(0);
  await press(page, 'Step');
  await expect(title(page)).toHaveText('Paused at layer 0 q, repeat 1 of 8');
  await expect.poll(() => probed(page)).toBe(1);
  // The probed module opens next to the map with this draw's numbers. The focus stays on Step.
  await expect(page.getByRole('heading', { name: 'Layer 0, q' })).toBeVisible();
  await expect(page.locator('.module-panel .perturbed')).toHaveText(
    /^Perturbing these weights moves the logits by [\d,.]+\.$/,
  );
  await expect(page.getByRole('button', { name: 'Step', exact: true })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(title(page)).toHaveText('Paused at layer 0 k, repeat 1 of 8');
  await expect.poll(() => probed(page)).toBe(2);
  await expect(page.getByRole('heading', { name: 'Layer 0, k' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.module-panel')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Step', exact: true })).toBeFocused();
});

test('Reset empties the view, Undo restores it, Redo empties it again', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  const ranks = await cellTexts(page);
  await press(page, 'Reset');
  await expect.poll(() => probed(page)).toBe(0);
  await page.keyboard.press('Control+z');
  await measured(page, 3);
  await expect.poll(() => cellTexts(page)).toEqual(ranks);
  await page.keyboard.press('Control+Shift+z');
  await expect.poll(() => probed(page)).toBe(0);
});

test('the same seed gives the same map, another seed another one', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  const first = await page.locator('.strip').innerText();
  await press(page, 'Reset');
  await press(page, 'Play');
  await measured(page, 3);
  await expect.poll(() => page.locator('.strip').innerText()).toBe(first);

  await page.getByRole('textbox', { name: 'Seed' }).fill('2');
  await page.keyboard.press('Enter');
  await expect(title(page)).toHaveText('Changed: seed 1 to 2');
  await press(page, 'Play');
  await measured(page, 3);
  await expect.poll(() => page.locator('.strip').innerText()).not.toBe(first);
  // Both results stay under Results and can be compared.
  await press(page, 'Compare two');
  for (const box of await page.locator('.results input').all()) await box.check();
  await press(page, 'Compare');
  await expect(page.getByRole('heading', { name: 'Where the two differ' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: 'Where rank belongs' })).toBeVisible();
});

test('a new budget changes the ranks at once, without a new measurement', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  const at8 = await layerSums(page);
  const slider = page.getByRole('slider', { name: /Mean rank/ });
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(slider).toHaveAttribute('aria-valuetext', '16');
  await expect(title(page)).toHaveText('Measured 56 modules, 3 repeats');
  const sum = async () => (await layerSums(page)).reduce((a, b) => a + b, 0);
  const sum8 = at8.reduce((a, b) => a + b, 0);
  await expect.poll(sum).toBeGreaterThan(1.8 * sum8);
  await page.keyboard.press('Control+z');
  await expect.poll(() => layerSums(page)).toEqual(at8);
  // Exact rounding spends the whole budget.
  await page.locator('.advanced summary').click();
  await page.getByLabel('Rounding').selectOption('exact');
  await expect.poll(sum).toBe(448);
});

test('Play after a finished run adds repeats to it', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await press(page, 'Play');
  // Existing draws are reused: no cell becomes empty.
  expect(await probed(page)).toBe(56);
  await measured(page, 8);
  await expect(cells(page).first()).toHaveAttribute('aria-label', /layer 0 q, rank/);
});

test('a setting that the schema refuses shows an error', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await page.locator('.advanced summary').click();
  await page.getByLabel('Tokens each').fill('1024');
  await page.keyboard.press('Enter');
  await page.getByLabel('Sequences').fill('64');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('may be at most 8192 tokens');
  await expect(page.getByLabel('Sequences')).toHaveValue('2');
});
