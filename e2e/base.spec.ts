/**
 * Tests an experiment on a pruned model, from a link. The base is computed first, the page names it
 * everywhere, and the user can return to the original model.
 */
import { expect, test } from './test.ts';
import { cellTexts, measured, open, saw, smallSpec, title, watch } from './page.ts';

const basedSpec = () => {
  const spec = smallSpec({ base: 'pruned' });
  return {
    ...spec,
    training: { ...spec.training, steps: 2, batch: 2, length: 8, heldSequences: 2 },
    prune: { ...spec.prune, rounds: 1, meanRank: 2, samples: 3 },
  };
};

test('a link measures on the pruned model, a reload does not prune again, and the original model can be restored', async ({
  page,
}) => {
  test.slow();
  const first = await watch(page, '.status .bold');
  await open(page, basedSpec());
  await measured(page, 3);
  await saw(first, /^Pruning the model first/);
  const chip = page.getByText('On the pruned model', { exact: true });
  await expect(chip).toBeVisible();
  await expect(page.locator('.card', { has: page.locator('#map') }).first()).toContainText(
    'AdaRank, 3 repeats, on the pruned model',
  );
  const pruned = await cellTexts(page);

  // The base is cached and reused after a reload.
  const titles = await watch(page, '.status .bold');
  await page.reload();
  await measured(page, 3);
  await expect.poll(() => cellTexts(page)).toEqual(pruned);
  await saw(titles, /^Measuring/);
  expect(titles.filter((t) => t.includes('Pruning the model first'))).toEqual([]);

  await page.getByText('Advanced', { exact: true }).click();
  await page.getByLabel(/^Base model/).selectOption('as-is');
  await expect(title(page)).toHaveText('Changed: base model pruned to original');
  await expect(chip).toBeHidden();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await measured(page, 3);
  await expect.poll(() => cellTexts(page)).not.toEqual(pruned);
});
