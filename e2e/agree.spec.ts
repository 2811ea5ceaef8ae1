/**
 * Tests the comparison of several methods on one map: from a link, as a preset, and closing by Esc.
 */
import AxeBuilder from '@axe-core/playwright';
import { defined } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { spearman } from '../src/methods/statistics.ts';
import { measured, open, saved, smallSpec, title } from './page.ts';

test('compares methods from a preset and a link, and saves the comparison', async ({ page }) => {
  await open(
    page,
    smallSpec({ study: 'agree', agree: { methods: ['adarank', 'jacobian', 'spectrum'] } }),
  );
  await expect(title(page)).toHaveText('Nothing compared yet');
  const panel = page.locator('.panel');
  const [maps, matrix] = [panel.locator('.head').nth(0), panel.locator('.head').nth(1)];
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('Methods compared');
  const finding = await panel.locator('.finding').innerText();
  const [, close, far] = defined(
    /^Jacobian is closest to AdaRank \((0\.\d+)\), weight spectrum farthest \((−?0\.\d+)\)\.$/.exec(
      finding,
    ),
  );

  // Its colours have the map's scale.
  const end = String(await page.locator('.map-card .legend svg text').last().textContent());
  await expect(panel).toContainText(`× the mean module, 0 to ${end}`);

  // The exported numbers give the correlations that the finding shows.
  const csv = await saved(page, () => maps.getByRole('button', { name: 'CSV' }).click());
  const rows = csv.text
    .trim()
    .split('\n')
    .filter((l) => l.startsWith('model.'))
    .map((l) => l.split(',').slice(3).map(Number));
  expect(rows).toHaveLength(56);
  const column = (i: number) => rows.map((r) => r[i]!);
  expect(spearman(column(0), column(1))).toBeCloseTo(Number(close), 2);
  expect(spearman(column(0), column(2))).toBeCloseTo(Number(defined(far).replace('−', '-')), 2);
  await matrix.getByRole('button', { name: 'Table' }).click();
  const table = panel.locator('table tbody tr');
  await expect(table.nth(1).locator('td').nth(1)).toHaveText(defined(close));
  // The map's own method has a time as well: that of its run.
  for (let i = 0; i < 3; i++)
    await expect(table.nth(i).locator('td').last()).toHaveText(/^\d+\.\d$/);
  await matrix.getByRole('button', { name: 'Chart' }).click();
  expect(
    (await saved(page, () => maps.getByRole('button', { name: 'SVG' }).click())).text,
  ).toContain('weight spectrum');
  const { violations } = await new AxeBuilder({ page }).include('.panel').analyze();
  expect(violations.map((v) => v.id)).toEqual([]);

  await page.keyboard.press('Escape');
  await expect(page.getByRole('tab', { name: 'Layers' })).toBeVisible();
  await measured(page, 3);
  // The comparison stays under Results after a reload.
  await page.reload();
  await expect(title(page)).toHaveText('Nothing compared yet');
  const comparison = page.locator('.results').getByRole('button', { name: /^Agreement/ });
  await comparison.click();
  await expect(title(page)).toHaveText('Methods compared');
  await expect(panel.locator('.finding')).toHaveText(finding);
  await expect(comparison).toHaveAttribute('aria-current', 'true');
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Preset' }).selectOption({ label: 'Do methods agree?' });
  await expect(panel.locator('h2').first()).toHaveText('Do the methods agree?');
});
