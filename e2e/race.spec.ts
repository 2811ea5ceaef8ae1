/** Tests a small race in the page from a link: Play, finding, files, and a pause. */
import { elementAt } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { open, playThenPause, saved, smallSpec, stepUntil, title } from './page.ts';

const spec = smallSpec({ study: 'race' });
const race: ExperimentSpec = {
  ...spec,
  training: {
    ...spec.training,
    steps: 6,
    batch: 2,
    length: 16,
    heldSequences: 4,
    evaluateEvery: 2,
  },
  race: { ...spec.race, entries: ['adarank', 'uniform', 'spectrum'] },
};

/** Opens the page and waits: the map is measured first. */
async function ready(page: Page): Promise<void> {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
}

test('a race of three allocations ends with a finding that one seed is not enough', async ({
  page,
}) => {
  test.slow();
  await ready(page);
  const panel = page.getByRole('tabpanel');
  await expect(page.getByRole('tab', { name: 'Race' })).toHaveAttribute('aria-selected', 'true');
  await expect(panel.locator('.finding')).toHaveText('Nothing trained yet.');
  await expect(panel).toContainText('Play trains 3 allocations on one budget.');

  await playThenPause(page);
  await expect(title(page)).toHaveText('Paused');
  await stepUntil(page, '[role="tabpanel"] .how', /\d of 3 runs done; step [1-5] of 6\./);
  await expect(title(page)).toHaveText('Paused');
  await page.getByRole('button', { name: 'Play' }).click();

  await expect(panel.locator('.finding')).toHaveText(
    /^(AdaRank|Uniform|Weight spectrum) ends lowest, [\d.]+ nats below/,
  );
  await expect(panel.locator('.how')).toHaveText(
    'Run 3 seeds before you trust the difference. At this learning rate only. More rank for important modules acts like a higher rate; at another rate another entry may win.',
  );
  const rows = panel.getByRole('table', { name: 'Standings' }).locator('tbody tr');
  await expect(rows).toHaveCount(3);
  const cells = await rows.evaluateAll((trs) =>
    trs.map((tr) => [...tr.querySelectorAll('td')].map((td) => td.textContent)),
  );
  // Parameters are within 2 % of each other, the lowest loss is first, and differences match the
  // losses.
  const parameters = cells.map((c) => Number(elementAt(c, 2).replace(/,/g, '')));
  const losses = cells.map((c) => Number(c[3]));
  expect(Math.max(...parameters) / Math.min(...parameters)).toBeLessThan(1.02);
  expect([...losses].sort((a, b) => a - b)).toEqual(losses);
  const uniform = losses[cells.findIndex((c) => c[0] === 'uniform')]!;
  cells.forEach((c, i) => {
    if (c[0] !== 'uniform')
      expect(
        Math.abs(Number(elementAt(c, 4).replace('−', '-')) - (losses[i]! - uniform)),
      ).toBeLessThan(0.0011);
  });

  // The training kernels were compared with their CPU reference implementations before the first
  // step.
  await page.locator('.chips .chip').first().click();
  for (const kernel of ['adapter gradient', 'AdamW', 'cross entropy'])
    await expect(
      page.locator('.provider-menu').getByRole('row').filter({ hasText: kernel }),
    ).toContainText('passed');
  await page.keyboard.press('Escape');

  // Budget and texts of the race, and what the map would spend.
  await expect(panel.getByRole('heading').first()).toHaveText('What the ranks gain at mean rank 1');
  await expect(panel).toContainText(
    /Budget of each adapter: 27,136 parameters\. Trained on Newton’s Opticks, evaluated on Newton’s Opticks, held out\./,
  );
  await expect(panel).toContainText(
    /Two budget rules: at mean rank 1 the map rounds down and gives AdaRank \d+ ranks \([\d,]+ parameters\); the race spends its whole budget and gives it \d+ \([\d,]+\)\./,
  );
  await expect(panel).toContainText(
    'The mean rank 8 of the form is the map’s; the methods of the map are measured on Held-out passages.',
  );

  const csv = await saved(page, () => panel.getByRole('button', { name: 'CSV' }).click());
  expect(csv.text).toContain('training step,AdaRank,uniform,weight spectrum');
  expect(csv.text.trim().split('\n').at(-1)).toMatch(/^6,/);

  // One seed proves nothing: the page offers three.
  await panel.getByRole('button', { name: 'Run 3 seeds' }).click();
  await expect(panel.locator('.how')).toContainText(/\d of 9 runs done/);
  await expect(panel.getByRole('button', { name: 'Run 3 seeds' })).toBeHidden();
  await page.getByRole('button', { name: 'Pause' }).click();
  await panel.getByText('Settings', { exact: true }).click();
  await expect(panel.getByLabel('Seeds')).toHaveValue('3');
});

test('a race that exceeds the memory is refused before it starts, with the settings that fit', async ({
  page,
}) => {
  await open(page, { ...race, training: { ...race.training, batch: 64, length: 512 } });
  await expect(title(page)).toHaveText('Nothing trained yet');
  // The memory need is shown before the run and follows the settings.
  const panel = page.getByRole('tabpanel');
  const need = panel.locator('.need');
  await panel.getByText('Settings', { exact: true }).click();
  await expect(need).toHaveText(
    /^Needs about [\d.]+ GB in addition to the model, more than the [\d.]+ GB this device allows\.$/,
  );
  await panel.getByLabel('Sequences per step').fill('1');
  await panel.getByLabel('Sequences per step').press('Enter');
  await expect(need).toHaveText(/^Needs about [\d.]+ MB of [\d.]+ GB, in addition to the model\.$/);
  await panel.getByLabel('Sequences per step').fill('64');
  await panel.getByLabel('Sequences per step').press('Enter');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.getByRole('alert')).toContainText(
    /A training step of 64 x 512 tokens needs [\d.]+ GB in addition to the model, but the limit is [\d.]+ GB\. Use at most \d+ sequences of this length per step\./,
  );
  await expect(title(page)).toHaveText('Nothing trained yet');
});

test('after a changed setting, Play runs the race from the start', async ({ page }) => {
  await ready(page);
  const panel = page.getByRole('tabpanel');
  await panel.getByText('Settings', { exact: true }).click();
  await panel.getByRole('checkbox', { name: 'EVA', exact: true }).check();
  await panel.getByLabel('Mean ranks').fill('1, 2');
  await panel.getByLabel('Mean ranks').press('Enter');
  await expect(panel.locator('.how')).toHaveText(
    'Play trains 4 allocations on one budget, 8 runs in all.',
  );
  await expect(panel.getByRole('heading', { name: 'When does it matter?' })).toBeVisible();
});

test('a race over two budgets ends with the budgets at which the entries differ', async ({
  page,
}) => {
  test.slow();
  await open(page, {
    ...race,
    training: { ...race.training, steps: 2, evaluateEvery: 0 },
    race: { ...race.race, entries: ['inverse', 'uniform'], meanRanks: [1, 2], seeds: 3 },
  });
  await expect(title(page)).toHaveText('Nothing trained yet');
  const panel = page.getByRole('tabpanel');
  await expect(panel).toContainText('Mean ranks 1 and 2, equal parameters. Trained on');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('The race is over');
  await expect(panel.locator('.finding')).toHaveText(
    /^(At mean ranks 1 and 2 no allocation differs significantly from uniform\.|The allocations differ from uniform at mean rank [12] \(inverse)/,
  );
  await expect(panel.locator('.how')).toContainText(
    'The bars are 95 % t-intervals of the difference to uniform, paired by seed, over 3 seeds; not corrected for 2 comparisons.',
  );
  // The drawn intervals are those of the answer: a budget is named if and only if its interval
  // excludes zero.
  const csv = await saved(page, () => panel.getByRole('button', { name: 'CSV' }).click());
  const rows = csv.text
    .trim()
    .split('\n')
    .filter((l) => /^[12],inverse/.test(l))
    .map((l) => l.split(',').map(Number));
  expect(rows).toHaveLength(2);
  const finding = await panel.locator('.finding').textContent();
  for (const row of rows)
    expect(finding?.includes(`mean rank ${row[0]} (inverse`)).toBe(
      elementAt(row, 4) > 0 || elementAt(row, 5) < 0,
    );
});
