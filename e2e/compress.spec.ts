/**
 * Tests Compress to Impress in the page with a small scan from a link: finding, trail, undo, texts,
 * files, use as a base, and an edited table.
 */
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { defined } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { decompose } from '../src/methods/compress/decompositions.ts';
import type { SvdAnswer } from '../src/methods/compress/pool.ts';
import { open, playThenPause, saved, smallSpec, stepOn, stepUntil, title, watch } from './page.ts';

const spec = smallSpec({ study: 'compress' });
const compress = {
  ...spec.compress,
  rowBlocks: [1] as [1],
  samples: 16,
  test: 12,
  trials: 5,
  checks: 4,
};

test('scores and tries removals, evaluates on test samples, undoes steps and saves', async ({
  page,
}) => {
  test.slow();
  await open(page, { ...spec, compress, samples: { ...spec.samples, tokens: 12 } });
  const panel = page.locator('#tab-panel');
  await expect(page.getByRole('tab', { name: 'Compress' })).toHaveAttribute(
    'aria-selected',
    'true',
  );
  await expect(panel.locator('.finding')).toHaveText(
    'One backward pass will rank every component.',
  );
  await expect(title(page)).toHaveText('Nothing tried yet');
  await stepUntil(page, '#tab-panel .how', /Decomposing weights|Running the samples/);
  await expect(title(page)).toHaveText('Paused');
  await playThenPause(page);
  await expect(title(page)).toHaveText('Paused');
  await page.getByRole('button', { name: 'Play', exact: true }).click();

  await expect(panel.locator('.finding')).toHaveText(
    /^(With \d removals?, accuracy (rises|falls|does not change significantly|stays at)|Nothing is removed)/,
  );
  // The result on the task is never shown without the loss on plain text.
  await expect(panel.locator('.finding')).toHaveText(
    /^Nothing is removed|Loss on plain text .*\d\.\d{3} nats\.$/,
  );
  await expect(panel.locator('.race-notes')).toContainText(
    /Plain text \(Held-out pages, \d+ × \d+ tokens\): \d\.\d{3} (to \d\.\d{3}|before and after)/,
  );
  await expect(panel.locator('.how')).toContainText(
    '12 test samples, which took no part in the scan',
  );
  const trail = panel.getByRole('region', { name: 'Removals tried, in order' });
  await expect(trail.locator('tbody tr')).toHaveCount(5);
  await panel.getByRole('button', { name: 'Prediction' }).click();
  await expect(panel.locator('.finding')).toContainText(
    /^The 5 candidates tried: r = .+Spearman .+ 4 small removals, which only check the gradient: r = /,
  );
  const csv = await saved(page, () => panel.getByRole('button', { name: 'CSV' }).click());
  expect(
    csv.text
      .trim()
      .split('\n')
      .filter((l) => !l.startsWith('#')),
  ).toHaveLength(1 + 4 + 5);
  await panel.getByRole('button', { name: 'Components' }).click();

  // Text before and after, then undoes every removal, last first.
  await panel.getByText('A text before and after').click();
  const undo = trail.getByRole('button', { name: /^Undo/ });
  const steps = await undo.count();
  const texts = panel.locator('.written');
  const before = await texts.first().textContent();
  expect(steps).toBeGreaterThan(1);
  expect(before).toMatch(/^The light of the sun./);
  await expect(texts).toHaveCount(2);
  expect(
    (await saved(page, () => panel.getByRole('button', { name: 'the factors' }).click())).name,
  ).toMatch(/factors\.safetensors$/);
  for (let left = steps; left > 0; left--) {
    await expect(panel).toContainText(`${left} of ${steps} steps applied.`);
    await expect(panel).toContainText(`With ${left} step`);
    await undo.nth(left - 1).click();
  }
  await expect(panel.locator('.finding')).toHaveText('All steps are undone.');
  await expect(texts).toHaveText([defined(before)]);
  await panel.getByRole('button', { name: 'Redo all' }).click();
  await expect(panel.locator('.finding')).toHaveText(/^With \d removals?, accuracy/);
  await expect(texts).toHaveCount(2);

  await panel.getByRole('button', { name: 'Use it in the other experiments' }).click();
  await expect(page.getByText('On the compressed model', { exact: true })).toBeVisible();
  await page.getByRole('tab', { name: 'Layers' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  // The base was just computed and must not be computed again.
  await expect(page.getByText('AdaRank, 3 repeats, on the compressed model')).toBeVisible();
});

test('a scan resumes after a reload and ends with the same trail', async ({ page }) => {
  test.slow();
  await open(page, {
    ...spec,
    compress: { ...compress, samples: 12, test: 8, trials: 4, checks: 0 },
    samples: { ...spec.samples, tokens: 4 },
  });
  const panel = page.locator('#tab-panel');
  const trail = panel.getByRole('region', { name: 'Removals tried, in order' });
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await expect(title(page)).toHaveText('Nothing tried yet');
  await stepUntil(page, '#tab-panel .trail tbody tr', /\S/);
  await stepOn(page);
  await expect(title(page)).toHaveText('Paused');
  expect(await trail.locator('tbody tr').count()).toBeLessThan(3);
  await page.reload();
  await expect(title(page)).toHaveText('Nothing tried yet');
  // Earlier trials appear at once, without a new decomposition or backward pass.
  const texts = await watch(page, '#tab-panel .how');
  await stepUntil(page, '#tab-panel .trail tbody tr', /\S/);
  expect(await trail.locator('tbody tr').count()).toBeLessThan(3);
  await press('Play');
  await expect(title(page)).toHaveText('Compressed');
  const again = /Decomposing weights|Running the backward pass/;
  expect(texts.filter((words) => again.test(words))).toEqual([]);
  const resumed = await trail.locator('tbody').innerText();
  await press('Reset');
  await stepUntil(page, '#tab-panel .how', again);
  await press('Play');
  await expect(title(page)).toHaveText('Compressed');
  expect(await trail.locator('tbody').innerText()).toBe(resumed);
});

test('the task is a table that can be edited', async ({ page }) => {
  await open(page, { ...spec, compress });
  const panel = page.locator('#tab-panel');
  await panel.getByText('Task table', { exact: true }).click();
  await expect(panel.getByText('1 to 5 of 300')).toBeVisible();
  await panel.getByRole('button', { name: 'Edit a copy' }).click();
  await panel.getByLabel('Row 1, option 1').fill(' whale');
  await panel.getByLabel('Row 1, option 1').press('Enter');
  await panel
    .getByRole('group', { name: 'Row 1, question' })
    .getByLabel('Option 1 is correct')
    .check();
  await panel.getByRole('button', { name: 'Remove row 2', exact: true }).click();
  await expect(panel.getByText('1 to 5 of 299')).toBeVisible();
  await expect(panel.getByLabel('Row 1, option 1')).toHaveValue(' whale');
});

/**
 * The page decomposes the bundled model on the engine's thread and larger models on several of
 * these threads.
 */
test('the decomposition thread returns the values of Node, and its errors', async ({ page }) => {
  const file = defined(
    readdirSync(resolve(process.env.DIST ?? 'dist', 'assets')).find((f) =>
      /^svd-thread-[\w-]+\.js$/.test(f),
    ),
  );
  await page.goto('./');
  const job = {
    module: { index: 0, path: 'layer 0', outFeatures: 12, inFeatures: 10 },
    splitting: { blocks: 2, split: 'contiguous' as const, seed: 1 },
    w: Float32Array.from({ length: 120 }, (_, i) => Math.sin(i * i)),
  };
  const answers = await page.evaluate(
    async ({ file, values, job }) => {
      const worker = new Worker(`assets/${file}`, { type: 'module' });
      const found: unknown[] = [];
      for (const w of [values, values.map(() => 0)]) {
        const answer = await new Promise<SvdAnswer>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage({ ...job, w: Float32Array.from(w) });
        });
        found.push(
          'blocks' in answer
            ? answer.blocks.map((b) => ({
                rows: [...b.rows],
                sigma: [...b.sigma],
                side: b.side,
                vectors: [...b.vectors],
              }))
            : answer,
        );
      }
      worker.terminate();
      return found;
    },
    { file, values: [...job.w], job: { module: job.module, splitting: job.splitting } },
  );
  expect(answers).toEqual([
    decompose(job).map((b) => ({
      rows: [...b.rows],
      sigma: [...b.sigma],
      side: b.side,
      vectors: [...b.vectors],
    })),
    { code: 'singular', values: { module: 'layer 0', why: 'is zero everywhere' } },
  ]);
});
