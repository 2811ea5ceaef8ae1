/**
 * Tests links and files: exports can be read again, and damaged input is refused with a sentence.
 */
import { readFileSync } from 'node:fs';
import { defined } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { decodeLink, encodeLink } from '../src/experiment/link.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { cellTexts, measured, open, saved, saw, smallSpec, title, watch } from './page.ts';

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

test('a link carries the experiment and its result: another page reproduces it', async ({
  page,
  context,
}) => {
  await open(page, smallSpec({ seed: 7 }));
  await measured(page, 3);
  await page.getByRole('slider', { name: /Mean rank/ }).fill('7');
  const header = await watch(page, '[role="status"]');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await saw(header, /Copied/);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const ranks = await cellTexts(page);
  await page.close();

  const other = await context.newPage();
  const badge = await watch(other, '.badge');
  await other.goto(link);
  await expect(other.locator('.banner')).toContainText('From a link');
  await measured(other, 3);
  await saw(badge, /^Map not measured yet$/);
  await expect(other.locator('.badge')).toHaveText('Map reproduced: 56 of 56 ranks equal');
  await expect.poll(() => cellTexts(other)).toEqual(ranks);
  await other.getByRole('textbox', { name: 'Seed' }).fill('8');
  await other.keyboard.press('Enter');
  await expect(other.locator('.banner')).toContainText('Changed: seed 7 to 8');
  await other.getByRole('button', { name: 'Back to the link' }).click();
  await expect(other.locator('.badge')).toBeVisible();
});

test('a badge covers what was computed again and nothing else: the map, then the race', async ({
  page,
  context,
}) => {
  test.slow();
  const spec = smallSpec({ study: 'race' });
  await open(page, {
    ...spec,
    training: { ...spec.training, steps: 2, batch: 2, length: 8, heldSequences: 2 },
    race: { ...spec.race, entries: ['adarank', 'uniform'] },
  });
  await expect(title(page)).toHaveText('Nothing trained yet');
  await expect(page.locator('.badge')).toHaveText('Race: no result in the link');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(title(page)).toHaveText('The race is over');
  const header = await watch(page, '[role="status"]');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await saw(header, /Copied/);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.close();

  const other = await context.newPage();
  await other.goto(link);
  const [map, race] = [other.locator('.badge').nth(0), other.locator('.badge').nth(1)];
  await expect(map).toHaveText('Map reproduced: 56 of 56 ranks equal');
  await expect(race).toHaveText('Race not run yet');
  const ok = other.locator('.banner:has(.badge.ok):not(:has(.badge:not(.ok)))');
  await expect(ok).toHaveCount(0);
  await other.getByRole('button', { name: 'Run it here' }).click();
  await expect(race).toHaveText('Race reproduced: ranks equal, losses within 0.001');
  await expect(ok).toHaveCount(1);

  // The same result against a link that claims another loss.
  const { spec: sent, digest, run } = await decodeLink(link);
  const claimed = run as { losses: number[] };
  const losses = claimed.losses.map((v, i) => (i === 0 ? v : v - 20));
  const changed = await encodeLink(sent, { digest, run: { ...claimed, losses } });
  await other.evaluate((fragment) => {
    location.hash = fragment;
  }, changed);
  await expect(race).toHaveText('Race differs: losses');
  await expect(map).toHaveText('Map reproduced: 56 of 56 ranks equal');
});

for (const [what, fragment, words] of [
  ['truncated', '#x=1.q1YqSy0qzszPU7IC', 'This link is damaged'],
  ['from a newer version', '#x=9.AAAA', 'A newer version (9) made this link'],
  ['not base64', '#x=1.%%%', 'This link is damaged'],
] as const) {
  test(`a link that is ${what} is refused in a sentence, and the page works`, async ({ page }) => {
    await page.goto(`/${fragment}`);
    await expect(page.getByRole('alert')).toContainText(words);
    await expect(page.locator('#map [data-module]')).toHaveCount(56);
    await expect(page.getByRole('button', { name: 'Pause' })).toBeEnabled();
  });
}

test('results, ranks, map and charts are saved completely', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await page.getByRole('button', { name: 'Export' }).click();
  const json = await saved(page, () => page.getByRole('button', { name: 'Result, JSON' }).click());
  const result = parseResult(JSON.parse(json.text));
  expect(result.modules).toHaveLength(56);
  expect(result.modules.every((m) => m.draws.length === 3)).toBe(true);
  await expect(page.locator('.command code').first()).toHaveText(
    'npx rank-atlas run where --set length=8 --set method.repeats=3',
  );
  await page.keyboard.press('Escape');

  const map = page.locator('.map-card .tools');
  const csv = await saved(page, () => map.getByRole('button', { name: 'CSV' }).click());
  expect(csv.name).toMatch(/\.csv$/);
  expect(csv.text.split('\n').filter((l) => l.startsWith('model.layers.'))).toHaveLength(56);
  expect(csv.text).toContain(result.model.hash);
  const svg = await saved(page, () => map.getByRole('button', { name: 'SVG' }).click());
  expect(svg.text).toMatch(/^<svg /);
  expect(svg.text).not.toContain('var(--');
  expect(
    await page.evaluate(
      (text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror'),
      svg.text,
    ),
  ).toBeNull();

  for (const tab of ['Layers', 'Certainty']) {
    await page.getByRole('tab', { name: tab }).click();
    const tools = page.locator('.panel .tools');
    const chart = await saved(page, () => tools.getByRole('button', { name: 'SVG' }).click());
    expect(chart.text).toContain('<path');
    expect(chart.text).not.toContain('var(--');
    const table = await saved(page, () => tools.getByRole('button', { name: 'CSV' }).click());
    expect(table.text).toContain(result.model.hash);
    await tools.getByRole('button', { name: 'Table' }).click();
    await expect(page.locator('.panel .chart-table tbody tr').first()).toBeVisible();
    await tools.getByRole('button', { name: 'Chart' }).click();
  }
});

test('a user’s own text is measured, stays on the page, and is in a link only on request', async ({
  page,
  baseURL,
}) => {
  const requests: string[] = [];
  page.on('request', (r) => requests.push(`${r.url()} ${r.postData() ?? ''}`));
  await open(page);
  await measured(page, 3);
  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).nth(1).click();
  await page.getByLabel('Choose').selectOption('own');
  const secret = 'The quick brown fox jumps over the lazy dog, and the dog does not mind at all. ';
  await page.getByRole('textbox', { name: 'Your own' }).fill(secret.repeat(12));
  await expect(page.locator('.text-dialog')).toContainText(/tokens; the run uses 2 × 8/);
  await page.getByRole('button', { name: 'Use this text' }).click();
  await page.getByRole('button', { name: 'Play' }).click();
  await measured(page, 3);
  await page.getByRole('button', { name: 'Copy link' }).click();
  const field = page.getByRole('textbox', { name: 'Link' });
  await expect(field).toHaveValue(/#x=3\./);
  const without = (await field.inputValue()).length;
  await page.getByLabel('With your text').check();
  await expect.poll(async () => (await field.inputValue()).length).toBeGreaterThan(without);
  expect(requests.filter((r) => r.includes('quick'))).toEqual([]);
  expect(
    requests.every(
      (r) => r.startsWith(defined(baseURL)) || r.startsWith('blob:') || r.startsWith('data:'),
    ),
  ).toBe(true);
});

test('files that are neither a text nor a model are refused with an error', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).nth(1).click();
  await page.locator('.text-dialog input[type="file"]').setInputFiles({
    name: 'picture.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from([0xff, 0xfe, 0x00, 0x81, 0xc0]),
  });
  await expect(page.locator('.text-dialog').getByRole('alert')).toContainText(
    'picture.txt is not plain text',
  );
  await page.locator('.text-dialog input[type="file"]').setInputFiles({
    name: 'huge.txt',
    mimeType: 'text/plain',
    buffer: Buffer.alloc(2_000_000, 'a'),
  });
  await expect(page.locator('.text-dialog').getByRole('alert')).toContainText('huge.txt');
  await page.keyboard.press('Escape');

  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).first().click();
  const files = page.locator('.picker input[type="file"]').nth(1);
  await files.setInputFiles({
    name: 'weights.onnx',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('not a model at all'),
  });
  await expect(page.locator('.picker').getByRole('alert')).toContainText(/weights\.onnx/);
  const model = readFileSync('public/models/atlas-3m/onnx/model_q4.onnx');
  await files.setInputFiles({
    name: 'model_q4.onnx',
    mimeType: 'application/octet-stream',
    buffer: model.subarray(0, model.length >> 1),
  });
  await expect(page.locator('.picker').getByRole('alert')).toContainText('model_q4.onnx');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: 'Where rank belongs' })).toBeVisible();
  await page.getByRole('button', { name: 'Play' }).click();
  await measured(page, 8);
});

test('a folder from disk is checked, opened and measured', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await page.locator('.sidebar').getByRole('button', { name: 'Change…' }).first().click();
  await page.locator('.picker input[type="file"]').first().setInputFiles('public/models/atlas-3m');
  await expect(page.locator('.picker')).toContainText('56 modules, width 192, 2,048 tokens');
  await expect(page.locator('.picker')).toContainText(/Needs [\d.]+ of [\d.]+ GB/);
  await page.getByRole('button', { name: /^Load / }).click();
  await expect(page.locator('.sidebar')).toContainText('atlas-3m');
});
