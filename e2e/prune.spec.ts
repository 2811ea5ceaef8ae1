/**
 * Tests pruning with fine-tuning on a very small experiment: rounds, losses, similarity,
 * reconstruction error, and the baselines.
 */
import { defined } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import { open, saved, smallSpec, stepOn, stepUntil, title } from './page.ts';

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const panel = (page: Page) => page.locator('#tab-panel');

const pruneSpec = () => {
  const spec = smallSpec({ study: 'prune' });
  return {
    ...spec,
    method: { ...spec.method, repeats: 1 },
    training: { ...spec.training, steps: 2, batch: 2, length: 8, heldSequences: 2 },
    prune: { ...spec.prune, rounds: 2, meanRank: 2, samples: 3 },
  };
};

test('two rounds of prune, measure, tune from a link', async ({ page }) => {
  test.slow();
  await open(page, pruneSpec());
  await expect(title(page)).toHaveText('Nothing pruned yet');
  await expect(panel(page)).toContainText('2 rounds of pruning, rank allocation and fine-tuning.');
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Pruned');
  await expect(panel(page).locator('.finding')).toHaveText(
    /^LoSA with 50\s% zeros ends at \d\.\d{3} nats, (LoRA without zeros at|as LoRA without zeros)/,
  );
  await expect(panel(page).locator('.how')).toContainText(
    /One-shot pruning and masked LoRA, 50\s% zeros: \d\.\d{3}\. The dense model, which was not trained on this text: \d\.\d{3}/,
  );

  const rows = async () =>
    (await saved(page, () => panel(page).getByRole('button', { name: 'CSV' }).click())).text
      .trim()
      .split('\n')
      .filter((l) => !l.startsWith('#'))
      .map((l) => l.split(','));
  const [header, ...rounds] = await rows();
  expect(defined(header).slice(0, 2)).toEqual(['round', 'layer']);
  expect(new Set(rounds.map((r) => r[0]))).toEqual(new Set(['1', '2']));
  // The ranks of the first round spend exactly two per layer. The last round has half zeros, within
  // the tolerance per layer.
  const layers = rounds.length / 2;
  const ranks = rounds.slice(0, layers).map((r) => Number(r[4]));
  expect(ranks.reduce((a, b) => a + b, 0)).toBe(2 * layers);
  for (const r of rounds.slice(layers)) expect(Math.abs(Number(r[3]) - 50)).toBeLessThan(2);

  await press(page, 'Loss');
  expect((await rows()).slice(1)).toHaveLength(2);
  await press(page, 'Similarity');
  const matrix = (await rows()).slice(1);
  matrix.forEach((row, i) => expect(Number(row[1 + i])).toBe(1));
  await press(page, 'Error');
  expect((await rows()).slice(1)).toHaveLength(layers);
  for (const way of [
    'Dense model',
    'LoSA, 4 bits',
    'Wanda alone',
    'Wanda, masked LoRA r 3',
    'LoRA without zeros, r 3',
  ])
    await expect(panel(page).getByRole('rowheader', { name: way, exact: true })).toBeVisible();

  // Its files, and its use as a base of other experiments.
  const masks = await saved(page, () => press(page, 'masks'));
  expect(masks.name).toMatch(/mask\.safetensors$/);
  expect(masks.text).toContain('model.layers.7.mlp.down_proj.mask');
  await press(page, 'Use it in the other experiments');
  await expect(page.getByText('On the pruned model', { exact: true })).toBeVisible();
  await expect(panel(page)).toContainText('The other experiments use it.');
  await press(page, 'Back to the model as it came');
  await expect(page.getByText('On the pruned model', { exact: true })).toBeHidden();

  // A second run that a reload interrupts in round two ends with the same rows.
  await press(page, 'Rounds');
  const whole = await rows();
  await press(page, 'Reset');
  await expect(panel(page)).toContainText('2 rounds of pruning, rank allocation and fine-tuning.');
  await stepUntil(page, '#tab-panel', /Round 2: (pruned|fine-tuning)/);
  await stepOn(page);
  await expect(title(page)).toHaveText('Paused');
  await page.reload();
  await expect(title(page)).toHaveText('Nothing pruned yet');
  // The first status after resuming is of the second round.
  await press(page, 'Step');
  await stepUntil(page, '#tab-panel', /Round 2/);
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Pruned');
  expect(await rows()).toEqual(whole);
});
