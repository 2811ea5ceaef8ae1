/** An experiment on a pruned model, from a link: the base is made first, everything says so, and there is a way back. */
import { expect, test } from '@playwright/test';
import { cellTexts, measured, open, smallSpec, title } from './page.ts';

const basedSpec = () => {
  const spec = smallSpec({ base: 'pruned' });
  return { ...spec, training: { ...spec.training, steps: 2, batch: 2, length: 8, heldSequences: 2 }, prune: { ...spec.prune, rounds: 1, meanRank: 2, samples: 3 } };
};

test('a link measures on the pruned model, says so, survives a reload without pruning again, and goes back', async ({ page }) => {
  test.slow();
  await open(page, basedSpec());
  await expect(title(page)).toHaveText('Pruning the model first', { timeout: 60_000 });
  await measured(page, 3);
  const chip = page.getByText('On the pruned model', { exact: true });
  await expect(chip).toBeVisible();
  await expect(page.locator('.sheet', { has: page.locator('#map') }).first()).toContainText('AdaRank, 3 repeats, on the pruned model');
  const pruned = await cellTexts(page);

  // What was made is kept: a reload finds it.
  const titles: string[] = [];
  await page.exposeFunction('told', (text: string) => { titles.push(text); });
  await page.addInitScript(() => {
    addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
      void (window as unknown as { told(text: string): void }).told(document.querySelector('.status .bold')?.textContent ?? '');
    }).observe(document.body, { childList: true, characterData: true, subtree: true }));
  });
  await page.reload();
  await measured(page, 3);
  expect(await cellTexts(page)).toEqual(pruned);
  expect(titles.some((t) => t.startsWith('Measuring'))).toBe(true);
  expect(titles).not.toContain('Pruning the model first');

  await page.getByText('Advanced', { exact: true }).click();
  await page.getByLabel(/^The model/).selectOption('as-is');
  await expect(title(page)).toHaveText('Changed: the model pruned to as it came');
  await expect(chip).toBeHidden();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await measured(page, 3);
  expect(await cellTexts(page)).not.toEqual(pruned);
});
