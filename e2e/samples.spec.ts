/**
 * Tests the text panel: the base alone, then next to an adapter trained in another tab; inspecting
 * tokens by keyboard; a typed prompt; a pause.
 */
import { expect, test, type Page } from './test.ts';
import { open, playThenPause, saved, smallSpec, stepUntil, title } from './page.ts';

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const panel = (page: Page) => page.locator('#tab-panel');
const text = (page: Page, which: 'Text of the model' | 'Text with the adapter') =>
  page.getByRole('listbox', { name: `${which}, token by token` });
const tokens = (
  page: Page,
  which: 'Text of the model' | 'Text with the adapter' = 'Text of the model',
) => text(page, which).getByRole('option');

const spec = (study: 'train' | 'samples', count: number) => {
  const small = smallSpec({ study });
  return {
    ...small,
    samples: { ...small.samples, tokens: count },
    train: {
      ...small.train,
      ranks: { kind: 'uniform' as const, rank: 4 },
      base: 'as-is' as const,
    },
    training: {
      ...small.training,
      steps: 4,
      batch: 2,
      length: 16,
      heldSequences: 2,
      evaluateEvery: 0,
      learningRate: 0.05,
    },
  };
};

async function ready(page: Page, words: string): Promise<void> {
  await expect(title(page)).toHaveText(words);
}

async function written(page: Page): Promise<void> {
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Written');
}

test('without an adapter only the base model generates, also from a typed prompt, and Pause stops it', async ({
  page,
}) => {
  await open(page, spec('samples', 6));
  await ready(page, 'No text yet');
  await expect(panel(page)).toContainText('Train an adapter to compare its text.');
  await written(page);
  await expect(tokens(page)).toHaveCount(6);
  await expect(text(page, 'Text with the adapter')).toHaveCount(0);
  const first = await tokens(page).allTextContents();

  // A typed prompt takes effect when Play is pressed.
  await page.getByRole('textbox', { name: 'Prompt' }).fill('In the beginning God');
  await written(page);
  await expect(panel(page)).toContainText('In the beginning God');
  expect(await tokens(page).allTextContents()).not.toEqual(first);

  await page.getByText('Settings', { exact: true }).last().click();
  await page.getByRole('textbox', { name: 'Tokens', exact: true }).fill('200');
  await playThenPause(page);
  await expect(title(page)).toHaveText('Paused');
  await stepUntil(page, '[role="option"]:nth-of-type(4)', /[^]/);
  expect(await tokens(page).count()).toBeLessThan(10);
  await press(page, 'Reset');
  await expect(tokens(page)).toHaveCount(0);
});

test('an any-rank adapter generates next to the base model, with the first difference and the loss of every token under both', async ({
  page,
}) => {
  await open(page, spec('train', 10));
  await ready(page, 'Nothing trained yet');
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Trained');
  await page.getByRole('tab', { name: 'Text' }).click();
  await expect(panel(page)).toContainText('One prompt, continued twice.');
  await written(page);
  await expect(tokens(page)).toHaveCount(10);
  await expect(tokens(page, 'Text with the adapter')).toHaveCount(10);
  await expect(panel(page).locator('.finding')).toHaveText(
    /^They diverge at (the first token|token \d+)\.$/,
  );
  const base = await tokens(page).allTextContents();
  const adapted = await tokens(page, 'Text with the adapter').allTextContents();
  await expect(panel(page).locator('.token.first-difference')).toHaveCount(2);
  const at = base.findIndex((t, i) => t !== adapted[i]);
  await expect(tokens(page).nth(at)).toHaveClass(/first-difference/);

  // Arrow keys move through the tokens. The table follows, and the label contains both
  // probabilities.
  await text(page, 'Text of the model').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await expect(tokens(page).nth(1)).toHaveAttribute('aria-selected', 'true');
  await expect(tokens(page).nth(1)).toHaveAttribute(
    'aria-label',
    /, model [\d.]+ %, with adapter [\d.]+ %$/,
  );
  await expect(panel(page).locator('.of-token').first()).toContainText('Token 2');

  const { text: csv } = await saved(page, () =>
    panel(page).getByRole('button', { name: 'CSV' }).click(),
  );
  const rows = csv
    .trim()
    .split('\n')
    .filter((l) => !l.startsWith('#'));
  expect(rows[0]).toBe(
    'token,model’s text,p under the model,p with adapter,adapted text,p under the model,p with adapter',
  );
  const losses = await panel(page).locator('.scores tr:not(.of-token) td').allTextContents();
  for (const loss of [losses[1], losses[2], losses[4], losses[5]])
    expect(loss).toMatch(/^\d+\.\d{3}$/);

  // At another rank the adapter gives other text.
  await page.getByLabel('Rank in use').selectOption('1');
  await expect(title(page)).toHaveText('Changed: rank in use its own to 1');
  await written(page);
  await expect(panel(page)).toContainText('from training, rank 1');
});
