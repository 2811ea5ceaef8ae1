/**
 * Tests the tour: opened from Help only, eight cards next to their subjects, by keyboard and
 * pointer. The page stays usable.
 */
import AxeBuilder from '@axe-core/playwright';
import { defined } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { cells, measured, open } from './page.ts';

test('eight tour cards, each next to its target, from Help to the link', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  const card = page.getByRole('dialog');
  const ring = page.locator('.tour-ring');
  await expect(page.locator('.tour')).toHaveCount(0);
  await page.keyboard.press('?');
  await page.getByRole('button', { name: /^Take the tour/ }).click();
  await expect(card.getByRole('heading', { name: 'The map' })).toBeFocused();
  expect((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id)).toEqual([]);

  const around = [
    '#map',
    '#map [tabindex="0"]',
    '.joined button:last-child',
    '.map-card .keys',
    '.body .mean-rank',
    '#tab-race',
    '.tabs',
    '.actions .steady',
  ];
  for (const [i, selector] of around.entries()) {
    await expect(card).toContainText(`${i + 1} of 8`);
    const [target, mark, box] = [
      defined(await page.locator(selector).first().boundingBox()),
      defined(await ring.boundingBox()),
      defined(await card.boundingBox()),
    ];
    expect(Math.abs(mark.x + 4 - target.x) + Math.abs(mark.y + 4 - target.y)).toBeLessThan(2);
    expect(
      box.x >= 0 && box.y >= 0 && box.x + box.width <= 1440 && box.y + box.height <= 900,
      `card ${i + 1}`,
    ).toBe(true);
    // The page under the card responds to input.
    if (i === 1) {
      await cells(page).nth(55).click();
      await expect(page.getByRole('heading', { name: 'Layer 7, down' })).toBeFocused();
      await page.keyboard.press('Escape');
      await expect(card).toBeVisible();
    }
    if (i < 7)
      await (i % 2 ? page.keyboard.press('n') : card.getByRole('button', { name: 'Next' }).click());
  }
  await card.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('.tour')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Help' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Take the tour/ }).click();
  await expect(card.getByRole('heading', { name: 'The map' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.locator('.tour')).toHaveCount(0);
});
