/**
 * Tests the first minute on the page: it loads, measures automatically and shows a finding, on the
 * CPU.
 */
import { defined, elementAt } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { cells, cellTexts, expectSmall, layerSums, measured, open, saw, watch } from './page.ts';

test('the default measurement runs automatically to ranks and a finding', async ({ page }) => {
  test.slow();
  const titles = await watch(page, '.status .bold');
  const buttons = await watch(page, '.run-controls .joined');
  const marks = await watch(page, '#map:has(.cell.now)');
  await open(page, null);
  // The empty map has its final shape before the measurement starts.
  await expect(cells(page)).toHaveCount(56);
  await measured(page, 5);
  await saw(titles, /Loading runtime and model|Opening the model/);
  await saw(titles, /Measuring/);
  await saw(buttons, /Pause/);
  await saw(marks, /[^]/);
  for (const text of await cellTexts(page)) expect(text).toMatch(/^\d+(–\d+)?$/);
  const sums = await layerSums(page);
  expect(sums).toHaveLength(8);
  const [, spent, left] = defined(
    /Spends (\d+) of 448 ranks(?:; rounding down leaves (\d+))?/.exec(
      await page.locator('.mean-rank').innerText(),
    ),
  );
  expect(sums.reduce((a, b) => a + b, 0)).toBe(Number(spent));
  expect(Number(spent) + Number(left ?? 0)).toBe(448);
  await expect(page.locator('.map-card .finding')).toHaveText(/^(Rank belongs|No pattern)/);
  await expectSmall(page);
});

test('without WebGPU the page reports it in one line and works', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await expect(page.locator('.status')).toContainText('this browser has no WebGPU');
  await page.getByRole('button', { name: 'Execution provider: CPU (WASM)' }).click();
  await expect(page.locator('.provider-menu')).toContainText('Everything works'.toLowerCase());
  await expect(page.locator('.provider-menu')).toContainText('passed');
});

test('without isolation headers the page uses one thread and reports it', async ({ page }) => {
  await page.route('**/*', async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    delete headers['cross-origin-opener-policy'];
    delete headers['cross-origin-embedder-policy'];
    await route.fulfill({ response, headers });
  });
  await open(page);
  await measured(page, 3);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await page.getByRole('button', { name: 'Execution provider: CPU (WASM)' }).click();
  await expect(page.locator('.provider-menu')).toContainText('One thread');
  // The page still downloads its other files.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the module panel shows the numbers of its module and returns the focus when closed', async ({
  page,
}) => {
  await open(page);
  await measured(page, 3);
  const cell = cells(page).nth(48);
  await cell.click();
  const panel = page.locator('.module-panel');
  await expect(panel.getByRole('heading', { name: 'Layer 6, down' })).toBeFocused();
  await expect(panel.locator('.perturbed')).toHaveText(
    /Perturbing these weights moves the logits by [\d,.]+\./,
  );
  await expect(panel.locator('.steps > li').nth(4)).toContainText('=');
  // The displayed l1 sum equals the sum of the displayed terms.
  const numbers = elementAt(
    (await panel.locator('.steps > li').nth(4).locator('.step-body').innerText()).split('\n'),
    0,
  );
  const [parts, sum] = numbers
    .split('=')
    .map((s) => s.split('+').map((n) => Number(n.replace(/,/g, ''))));
  expect(Math.abs(defined(parts).reduce((a, b) => a + b, 0) / defined(sum)[0]! - 1)).toBeLessThan(
    0.01,
  );
  const painted = await panel
    .locator('canvas')
    .first()
    .evaluate(
      (c: HTMLCanvasElement) =>
        new Set(
          new Uint32Array(
            c.getContext('2d')?.getImageData(0, 0, c.width, c.height).data.buffer ?? [],
          ),
        ).size,
    );
  expect(painted).toBeGreaterThan(8);
  await page.keyboard.press('Escape');
  await expect(panel).toHaveCount(0);
  await expect(cell).toBeFocused();
});
