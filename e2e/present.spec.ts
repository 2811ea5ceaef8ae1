/**
 * Tests Present, the projector view: opened by button and key, larger, without the sidebar, closed
 * by Esc.
 */
import { defined } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { measured, open, smallSpec } from './page.ts';

test.use({ viewport: { width: 1920, height: 1080 } });

test('the layers fit a low screen, without scrolling', async ({ page }) => {
  await open(page, smallSpec());
  await measured(page, 3);
  await page.keyboard.press('p');
  for (const height of [900, 720]) {
    await page.setViewportSize({ width: 1440, height });
    await expect(page.locator('.panel .recharts-surface')).toBeVisible();
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollHeight - innerHeight))
      .toBe(0);
  }
});

test('presentation mode is larger, has no sidebar, cuts nothing off, and ends with its button or Escape', async ({
  page,
}) => {
  await open(page);
  await measured(page, 3);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  const size = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
  const button = page.getByRole('button', { name: 'Present', exact: true });
  await button.click();
  await expect(page.locator('.sidebar')).toHaveCount(0);
  expect([await size('body'), await size('.map-card .finding')]).toEqual([20, 36]);
  expect(defined(await page.locator('.panel').boundingBox()).width).toBe(700);
  // Text at the end of lines fits, and nothing scrolls sideways.
  await expect(page.locator('.panel .chart text').filter({ hasText: /^attention \d/ })).toHaveCount(
    1,
  );
  expect(
    await page.evaluate(() =>
      [...document.querySelectorAll('.panel .chart text')].every(
        (t) =>
          t.getBoundingClientRect().right <=
          (t.closest('svg')?.getBoundingClientRect().right ?? 0) + 1,
      ),
    ),
  ).toBe(true);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1920);
  // The focus stays on the one remaining button.
  await expect(page.getByRole('button', { name: 'Leave Present' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('.sidebar')).toBeVisible();
  await expect(button).toBeFocused();
  await page.keyboard.press('p');
  await expect(page.locator('.sidebar')).toHaveCount(0);
  await page.locator('#map [data-module]').first().click();
  await expect(page.locator('.module-panel')).toBeVisible();
  // Esc closes the innermost panel first.
  await page.keyboard.press('Escape');
  await expect(page.locator('.module-panel')).toHaveCount(0);
  await expect(page.locator('.sidebar')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(page.locator('.sidebar')).toBeVisible();
});
