/**
 * Tests adapters in the page: training in a race, evaluation, export as PEFT's zip, import, and the
 * ranks on the map.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import AxeBuilder from '@axe-core/playwright';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { defined } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { configOf, safetensorsOf } from '../test/adapter-files.ts';
import { cellTexts, layerSums, open, smallSpec, title } from './page.ts';

const spec = smallSpec({ study: 'race' });
const race: ExperimentSpec = {
  ...spec,
  training: {
    ...spec.training,
    steps: 3,
    batch: 2,
    length: 16,
    heldSequences: 4,
    evaluateEvery: 0,
  },
  race: { ...spec.race, entries: ['adarank', 'uniform'] },
};

test('a trained adapter survives export to PEFT and import, with equal ranks and loss', async ({
  page,
}) => {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('The race is over');
  const measured = await cellTexts(page);

  const saved = page.locator('.adapters li').filter({ hasText: 'race: adarank' });
  await saved.getByRole('button', { name: 'Judge' }).click();
  await expect(saved.getByRole('status')).toHaveText(
    /^Held-out loss [\d.]+ without it, [\d.]+ with it/,
  );
  const judged = await saved.getByRole('status').textContent();
  await saved.getByRole('button', { name: 'On the map' }).click();
  await expect(page.getByText('Ranks of the adapter “race: adarank”')).toBeVisible();
  const ranks = await cellTexts(page);
  expect(ranks).not.toEqual(measured);
  // Everything that describes the map is the adapter's.
  const total = ranks.reduce((sum, r) => sum + Number(r), 0);
  expect((await layerSums(page)).reduce((a, b) => a + b, 0)).toBe(total);
  const card = page.locator('.map-card');
  await expect(card.locator('.legend')).toContainText('Rank, × the adapter’s mean rank');
  await expect(card.locator('.legend')).toContainText('rank in the adapter');
  const uniform = (await card.locator('.heading.uniform').innerText()).replace('uniform ', '');
  expect(Math.abs(Number(uniform) - total / 8)).toBeLessThan(0.02);
  await expect(card.locator('.strip')).toContainText('× its mean rank');
  await expect(card.locator('.strip')).not.toContainText('Disagreement');
  await expect(card.locator('.head')).not.toContainText('AdaRank');
  await expect(card.getByRole('button', { name: 'CSV' })).toBeDisabled();
  // It leaves the map when another budget is chosen.
  await page.getByRole('slider', { name: /Mean rank/ }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByText('Ranks of the adapter “race: adarank”')).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect.poll(() => cellTexts(page)).toEqual(measured);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    saved.getByRole('button', { name: 'Save for PEFT' }).click(),
  ]);
  const zip = readFileSync(await download.path());
  const files = unzipSync(zip);
  expect(Object.keys(files).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  const { peft_type: type, rank_pattern: pattern } = JSON.parse(
    new TextDecoder().decode(files['adapter_config.json']),
  ) as { peft_type: string; rank_pattern: Record<string, number> };
  expect(type).toBe('LORA');
  expect(Object.values(pattern).reduce((a, b) => a + b, 0)).toBe(
    ranks.reduce((sum, r) => sum + Number(r), 0),
  );

  await page.locator('#change-model').click();
  await page
    .locator('.picker input[type="file"]')
    .nth(1)
    .setInputFiles({ name: 'adapter.zip', mimeType: 'application/zip', buffer: zip });
  await expect(page.getByText('Ranks of the adapter “from files”')).toBeVisible();
  await expect.poll(() => cellTexts(page)).toEqual(ranks);
  const imported = page.locator('.adapters li').filter({ hasText: 'from files' });
  await imported.getByRole('button', { name: 'Judge' }).click();
  await expect(imported.getByRole('status')).toHaveText(defined(judged));
  await page.getByRole('button', { name: 'Back to the measured ranks' }).click();
  await expect.poll(() => cellTexts(page)).toEqual(measured);

  // One more entry, which starts at the loss of the imported adapter, not of the base.
  await imported.getByRole('button', { name: 'Train on' }).click();
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('The race is over');
  const row = page
    .getByRole('table', { name: 'Standings' })
    .getByRole('row')
    .filter({ hasText: 'imported' });
  await expect(row).toHaveCount(1);
  const trained = page.locator('.adapters li').filter({ hasText: 'race: imported' });
  await trained.getByRole('button', { name: 'Judge' }).click();
  await expect(trained.getByRole('status')).toHaveText(/^Held-out loss/);
  const withIt = (text: string | null) => Number(/, ([\d.]+) with it/.exec(text ?? '')?.[1]);
  expect(withIt(await trained.getByRole('status').textContent())).toBeLessThan(withIt(judged));
});

test('files that are not adapters of this model are refused with an error, and the state is unchanged', async ({
  page,
}) => {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  const offer = async (name: string, buffer: Buffer) => {
    await page.locator('#change-model').click();
    await page
      .locator('.picker input[type="file"]')
      .nth(1)
      .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  };
  await offer('adapter.zip', Buffer.from('PK no zip at all'));
  await expect(page.getByRole('alert')).toContainText('adapter.zip');
  await offer('adapter_config.json', Buffer.from('{"peft_type": "LORA"}'));
  await expect(page.getByRole('alert')).toContainText('adapter_model.safetensors');
  await expect(page.getByRole('heading', { name: 'Where rank belongs' })).toBeVisible();
});

const settings = (r: number) =>
  strToU8(
    JSON.stringify({
      peft_type: 'LORA',
      r,
      target_modules: ['model.layers.0.self_attn.q_proj'],
      use_later_idea: 1,
    }),
  );

function weights(r: number): Uint8Array {
  const name = 'base_model.model.model.layers.0.self_attn.q_proj';
  const header = strToU8(
    JSON.stringify({
      [`${name}.lora_A.weight`]: { dtype: 'F32', shape: [r, 192], data_offsets: [0, r * 768] },
      [`${name}.lora_B.weight`]: {
        dtype: 'F32',
        shape: [192, r],
        data_offsets: [r * 768, 2 * r * 768],
      },
    }),
  );
  const bytes = new Uint8Array(8 + header.length + 2 * r * 768);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  return bytes;
}

/** PEFT's two files for an adapter of one module with rank `r`. */
const pair = (folder: string, r: number) => ({
  [`${folder}adapter_config.json`]: settings(r),
  [`${folder}adapter_model.safetensors`]: weights(r),
});

async function offerZip(
  page: Page,
  content: Record<string, Uint8Array>,
  name = 'out.zip',
): Promise<void> {
  await page.locator('#change-model').click();
  await page
    .locator('.picker input[type="file"]')
    .nth(1)
    .setInputFiles({ name, mimeType: 'application/zip', buffer: Buffer.from(zipSync(content)) });
}

const ranksTaken = async (page: Page) =>
  (await cellTexts(page)).map(Number).reduce((sum, r) => sum + r, 0);
const question = (page: Page, words = 'several adapters') =>
  page.getByRole('group', { name: words });

test('an adapter with a head adapter is evaluated with it and labelled; training from it is refused', async ({
  page,
}) => {
  const wave = (count: number, scale: number) => ({
    values: Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1 + i)),
  });
  const part = (letter: string) => `base_model.model.lm_head.lora_${letter}.weight`;
  const content = {
    'adapter_config.json': configOf({ r: 2, lora_alpha: 4, target_modules: ['lm_head'] }),
    'adapter_model.safetensors': safetensorsOf({
      [part('A')]: { shape: [2, 192], ...wave(384, 1) },
      [part('B')]: { shape: [2048, 2], ...wave(4096, 0.05) },
    }),
  };
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  await offerZip(page, content);
  const imported = page.locator('.adapters li').filter({ hasText: 'from files' });
  await expect(imported).toContainText('4,480 parameters, with lm_head');
  await imported.getByRole('button', { name: 'Judge' }).click();
  await expect(imported.getByRole('status')).toHaveText(/^Held-out loss/);
  const [, without, through] = defined(
    /loss ([\d.]+) without it, ([\d.]+) with it/.exec(
      defined(await imported.getByRole('status').textContent()),
    ),
  );
  expect(Math.abs(Number(through) - Number(without))).toBeGreaterThan(0.01);
  await imported.getByRole('button', { name: 'Train on' }).click();
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.getByRole('alert')).toContainText(
    'An adapter of lm_head can be applied, evaluated and exported, but not trained.',
  );
});

test('a zip with several adapters imports the one at the top level', async ({ page }) => {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  // Windows path separators, with the checkpoint last.
  await offerZip(page, { ...pair('out\\', 5), ...pair('out\\checkpoint-1\\', 2) });
  await expect(page.getByText('Ranks of the adapter “from files”')).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('use_later_idea');
  await expect.poll(() => ranksTaken(page)).toBe(5);
});

test('a zip without an adapter at the top level asks which one to import, and imports that one', async ({
  page,
}, testInfo) => {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  const before = await cellTexts(page);
  const checkpoints = {
    ...pair('o/checkpoint-10/', 4),
    ...pair('o/checkpoint-2/', 3),
    ...pair('o/checkpoint-2/deeper/', 7),
  };

  // After dismissal by button or Esc, the page is unchanged.
  for (const dismiss of [
    () => page.getByRole('button', { name: 'Dismiss' }).click(),
    () => page.keyboard.press('Escape'),
  ]) {
    await offerZip(page, checkpoints);
    await expect(question(page).locator('p')).toBeFocused();
    await dismiss();
    await expect(question(page)).toHaveCount(0);
    await expect(page.locator('#change-model')).toBeFocused();
    await expect(page.locator('.adapters li')).toHaveCount(0);
    await expect(page.getByRole('alert')).toHaveCount(0);
    expect(await cellTexts(page)).toEqual(before);
  }

  // By keyboard alone, starting from the focused question.
  await offerZip(page, checkpoints);
  await expect(question(page).locator('p')).toBeFocused();
  await expect(question(page).getByRole('listitem')).toHaveText([
    'o/checkpoint-2',
    'o/checkpoint-10',
  ]);
  await page.keyboard.press('Tab');
  await expect(
    question(page).getByRole('button', { name: 'o/checkpoint-2', exact: true }),
  ).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Ranks of the adapter “from files”')).toBeVisible();
  await expect(question(page)).toHaveCount(0);
  await expect.poll(() => ranksTaken(page)).toBe(3);

  // A directory instead of a zip, in Japanese.
  const folder = testInfo.outputPath('out');
  for (const [path, bytes] of Object.entries(checkpoints)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  await page.getByRole('button', { name: '日本語' }).click();
  await page.locator('#change-model').click();
  await page.locator('.picker input[type="file"]').first().setInputFiles(folder);
  await expect(question(page, '複数のアダプター')).toContainText('どれをインポートしますか？');
  await question(page, '複数のアダプター')
    .getByRole('button', { name: 'out/o/checkpoint-10' })
    .click();
  await expect(page.getByRole('alert')).toContainText('use_later_idea');
  await expect.poll(() => ranksTaken(page)).toBe(4);
});

test('untrusted names are shown on one line, shortened, and as plain text', async ({ page }) => {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  const long = 'x'.repeat(3000);
  const hostile = [
    'a\u202egnp.exe',
    'a\u2066gnp.exe',
    'b\nc\u0007',
    '<img src=x>',
    `${long}1${long}`,
    `${long}2${long}`,
  ];
  const content = Object.assign({}, ...hostile.map((name, i) => pair(`${name}/`, i + 1))) as Record<
    string,
    Uint8Array
  >;
  await offerZip(page, content, `\u202epiz.${'y'.repeat(200)}.zip`);
  const choices = question(page).getByRole('button').filter({ hasNotText: 'Dismiss' });
  const cut = `${'x'.repeat(20)}…${'x'.repeat(39)}`;
  await expect(choices).toHaveText([
    '<img src=x>',
    'a�gnp.exe',
    'a�gnp.exe (2)',
    'b�c�',
    cut,
    `${cut} (2)`,
  ]);
  expect(await question(page).textContent()).not.toMatch(/[\p{Cc}\u202a-\u202e\u200e\u200f]/u);
  await expect(question(page).locator('img')).toHaveCount(0);
  expect(
    (await new AxeBuilder({ page }).include('.banner').setLegacyMode().analyze()).violations,
  ).toEqual([]);
  const heights = await choices.evaluateAll((buttons) =>
    buttons.map((b) => b.getBoundingClientRect().height),
  );
  expect(new Set(heights).size).toBe(1);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth))
    .toBeLessThanOrEqual(390);

  await choices.last().click();
  await expect(page.getByRole('alert')).toContainText('use_later_idea');
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect.poll(() => ranksTaken(page)).toBe(6);
});

test('a zip that unpacks to more than it declares is refused in another thread', async ({
  page,
}) => {
  await open(page, race);
  await expect(title(page)).toHaveText('Nothing trained yet');
  // Two gigabytes of zeros, compressed to two megabytes, with a declared size of a hundred bytes.
  const part = deflateRawSync(new Uint8Array(1e7), { finishFlush: constants.Z_SYNC_FLUSH });
  const all = Buffer.concat(Array.from({ length: 200 }, () => part));
  const zip = Buffer.from(
    zipSync({
      'adapter_config.json': [all, { level: 0 }],
      'adapter_model.safetensors': weights(1),
    }),
  );
  const directory = zip.readUInt32LE(zip.length - 6);
  zip.writeUInt16LE(8, directory + 10);
  zip.writeUInt32LE(100, directory + 24);
  const thread = page.waitForEvent('worker', (worker) => worker.url().includes('unzip'));
  await page.locator('#change-model').click();
  await page
    .locator('.picker input[type="file"]')
    .nth(1)
    .setInputFiles({ name: 'bomb.zip', mimeType: 'application/zip', buffer: zip });
  await thread;
  await expect(page.getByRole('alert')).toContainText(
    'bomb.zip cannot be read ("adapter_config.json" in it is damaged)',
  );
});
