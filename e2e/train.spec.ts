/**
 * Tests training runs: LoRA, and QDyLoRA with its rank slider. A run resumes after a reload and
 * reports if there is no space for a checkpoint.
 */
import { defined, elementAt } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import { writeTinyModel } from '../test/tiny-model.ts';
import { open, playThenPause, saved, saw, smallSpec, stepUntil, title, watch } from './page.ts';

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const panel = (page: Page) => page.locator('#tab-panel');

const trainSpec = (steps: number, compare: number[] = []) => {
  const spec = smallSpec({ study: 'train' });
  return {
    ...spec,
    training: {
      ...spec.training,
      steps,
      batch: 2,
      length: 8,
      heldSequences: 2,
      evaluateEvery: 0,
      learningRate: 0.01,
    },
    train: { ...spec.train, ranks: { kind: 'uniform' as const, rank: 4 }, compare },
    samples: { ...spec.samples, tokens: 4 },
  };
};

async function ready(page: Page): Promise<void> {
  await expect(title(page)).toHaveText('Nothing trained yet');
}

/** Rows of the curve's CSV, without its header. */
async function curve(page: Page): Promise<string[]> {
  await expect(title(page)).toHaveText('Trained');
  const { text } = await saved(page, () =>
    panel(page).getByRole('button', { name: 'CSV' }).click(),
  );
  return text
    .trim()
    .split('\n')
    .filter((l) => !l.startsWith('#'))
    .slice(1);
}

/** Trains for a few steps and pauses. */
async function pausedMidway(page: Page): Promise<void> {
  await stepUntil(page, '#tab-panel', /Step [2-9] of/);
  await expect(title(page)).toHaveText('Paused');
}

/**
 * The steps of the checkpoints in the page's database. `baseLoss` replaces the first held-out loss
 * of the checkpoint.
 */
const checkpoint = (page: Page, baseLoss?: number) =>
  page.evaluate(async (loss) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('rank-atlas', 1);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error());
    });
    const store = database.transaction('checkpoints', 'readwrite').objectStore('checkpoints');
    const all = await new Promise<
      { checkpoint: { trainings: { step: number; told: { type: string; loss: number }[] }[] } }[]
    >((resolve) => {
      const request = store.getAll();
      request.onsuccess = () => resolve(request.result);
    });
    if (loss !== undefined) {
      const [first] = all[0]?.checkpoint.trainings[0]?.told ?? [];
      if (first) first.loss = loss;
      store.put(all[0]);
    }
    database.close();
    return all.map((saved) => saved.checkpoint.trainings[0]?.step ?? 0);
  }, baseLoss);

test('one training run gives the loss of every rank, and the slider shows each', async ({
  page,
}) => {
  await open(page, trainSpec(3, [2]));
  await ready(page);
  await expect(panel(page)).toContainText('One training run will serve ranks 1 to 4.');
  await press(page, 'Play');
  const rows = (await curve(page)).map((row) => row.split(','));
  expect(rows.map(([rank]) => rank)).toEqual(['1', '2', '3', '4']);
  expect(rows.map((row) => row[3] !== '')).toEqual([false, true, false, false]);
  await expect(panel(page)).toContainText('0.563 bytes per weight');

  const slider = page.getByRole('slider', { name: 'Rank in use' });
  await slider.focus();
  for (const [key, rank] of [
    ['Home', 1],
    ['ArrowRight', 2],
    ['ArrowRight', 3],
    ['End', 4],
    ['PageDown', 2],
  ] as const) {
    await page.keyboard.press(key);
    const loss = Number(elementAt(rows, rank - 1)[1]).toFixed(3);
    await expect(slider).toHaveAttribute('aria-valuetext', `rank ${rank}, loss ${loss}`);
    await expect(page.locator('.chosen-rank')).toContainText(loss);
  }
  // The slider uses the curve's logarithmic axis: its middle is half-way in doublings.
  const box = defined(await slider.boundingBox());
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await expect(slider).toHaveAttribute('aria-valuetext', /^rank 2,/);

  // Text at the chosen rank. After the first request it follows the slider.
  await press(page, 'Write at rank 2');
  const text = page.locator('.rank-text section').nth(1);
  await expect(text).toContainText('Rank 2');
  await expect(text.locator('.token')).toHaveCount(4);
  await slider.press('End');
  await expect(text).toContainText('Rank 4');
  await expect(text.locator('.token')).toHaveCount(4);
  await expect(slider).toHaveAttribute('aria-valuetext', /^rank 4,/);
});

test('LoRA, chosen in the settings, shows losses and no rank slider', async ({ page }) => {
  await open(page, trainSpec(3, [2]));
  await ready(page);
  await panel(page).getByText('Settings', { exact: true }).click();
  await page.getByLabel('A step trains').selectOption('lora');
  await expect(page.getByLabel('Separate LoRAs, at ranks')).toHaveCount(0);
  await page.getByLabel('Scale', { exact: true }).selectOption('fixed');
  await expect(page.getByLabel('s', { exact: true })).toHaveValue('2');
  await expect(panel(page)).toContainText('One training run will give a LoRA.');
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Trained');
  await expect(panel(page).locator('.finding')).toHaveText(
    /^Held-out loss \d\.\d{3}; without the adapter \d\.\d{3}\.$/,
  );
  await expect(page.getByRole('slider', { name: 'Rank in use' })).toHaveCount(0);
  await expect(page.locator('.sidebar')).toContainText('from training');
});

test('a training run resumes after a reload and ends with the same losses', async ({ page }) => {
  // Two training runs and a reload.
  test.slow();
  await open(page, trainSpec(10));
  await ready(page);
  await press(page, 'Play');
  const whole = await curve(page);
  expect(await checkpoint(page)).toEqual([]);

  await press(page, 'Reset');
  await pausedMidway(page);
  // The pause saves a checkpoint, and nothing is saved after it.
  const step = Number(defined(/Step (\d+) of/.exec(await panel(page).innerText()))[1]);
  await expect.poll(() => checkpoint(page)).toEqual([step]);
  expect(step).toBeLessThan(10);
  await page.reload();
  await ready(page);
  // Only now: before the reload, a save in progress could overwrite the change.
  await checkpoint(page, 9.5);
  await press(page, 'Play');
  expect(await curve(page)).toEqual(whole);
  // Losses from before the reload come from the checkpoint and are not computed again.
  await expect(panel(page)).toContainText('Without an adapter 9.500');
  expect(await checkpoint(page)).toEqual([]);
});

test('a training run resumes from its checkpoint after another model was open', async ({
  page,
}, info) => {
  await open(page, trainSpec(10));
  await ready(page);
  await pausedMidway(page);
  const [step] = await checkpoint(page);
  const change = () =>
    page.locator('.sidebar').getByRole('button', { name: 'Change…' }).first().click();
  const load = () => page.getByRole('button', { name: /^Load / }).click();
  await change();
  await page
    .locator('.picker input[type="file"]')
    .first()
    .setInputFiles(writeTinyModel(info.outputPath('tiny')));
  await load();
  await ready(page);
  await change();
  await press(page, 'Inspect');
  await load();
  await ready(page);
  expect(await checkpoint(page)).toEqual([step]);
  const texts = await watch(page, '#tab-panel');
  await press(page, 'Play');
  await expect(title(page)).toHaveText('Trained');
  const steps = texts.flatMap((words) => (/Step (\d+) of/.exec(words) ?? []).slice(1).map(Number));
  // 0 means that no step has been reported yet.
  expect(Math.min(...steps.filter((s) => s > 0))).toBeGreaterThan(defined(step));
  expect(await checkpoint(page)).toEqual([]);
});

test('Reset deletes the checkpoint', async ({ page }) => {
  await open(page, trainSpec(30));
  await ready(page);
  await pausedMidway(page);
  await expect.poll(() => checkpoint(page)).toHaveLength(1);
  await press(page, 'Reset');
  await expect.poll(() => checkpoint(page)).toEqual([]);
});

test.describe('without room', () => {
  // The quota of an origin cannot be restored.
  test.use({ ownContext: true });

  test('without storage for a checkpoint the page reports it, and training continues', async ({
    page,
  }) => {
    await open(page, trainSpec(30));
    await ready(page);
    const browser = await page.context().newCDPSession(page);
    await browser.send('Storage.overrideQuotaForOrigin', {
      origin: new URL(page.url()).origin,
      quotaSize: 1000,
    });
    // The message appears once; the next Step removes it.
    const texts = await watch(page, '[role="alert"]');
    await pausedMidway(page);
    await saw(texts, /cannot save a checkpoint/);
    await playThenPause(page);
    await expect(title(page)).toHaveText('Paused');
    await stepUntil(page, '#tab-panel', /Step 1\d of/);
  });
});
