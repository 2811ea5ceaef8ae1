/** Tests the BOS setting: its description, the form, the link and the result. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './test.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { decodeLink } from '../src/experiment/link.ts';
import type { AdaRankSpec } from '../src/spec/spec.ts';
import { writeTinyModel } from '../test/tiny-model.ts';
import { open, saved, smallSpec, title } from './page.ts';

test('the bundled tokenizer specifies no BOS; a link carries one that is set', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  const sidebar = page.locator('.sidebar');
  await expect(sidebar).toContainText('No BOS: tokenizer.json specifies none');
  await sidebar.getByText('Advanced', { exact: true }).click();
  await sidebar.getByLabel('BOS before each text').selectOption('always');
  await expect(sidebar).toContainText('<|endoftext|> before each sequence, as set');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('#x=3.');
  expect(
    (await decodeLink(await page.evaluate(() => navigator.clipboard.readText()))).spec.bos,
  ).toBe('always');
});

test('a version 1 link opens the same experiment, also in Japanese', async ({ page }) => {
  await page.goto('/?lang=ja#x=1.q1YqLkhNVrKqrq0FAA');
  await expect(page.locator('.sidebar')).toContainText('BOS なし（tokenizer.json に指定なし）');
});

test('a BOS that the tokenizer specifies is used and recorded in the result', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-bos-page-'));
  const sidebar = page.locator('.sidebar');
  try {
    await open(
      page,
      smallSpec({ length: 6, method: { ...smallSpec().method, repeats: 1 } as AdaRankSpec }),
    );
    await expect(sidebar).toContainText('No BOS');
    await sidebar.getByRole('button', { name: 'Change…' }).first().click();
    await page.locator('.picker input[type="file"]').first().setInputFiles(writeTinyModel(folder));
    await page.getByRole('button', { name: /^Load / }).click();
    await expect(sidebar).toContainText('<s> before each sequence, as tokenizer.json specifies');
    await expect(title(page)).toHaveText('Ready');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await expect(title(page)).toHaveText(/^Measured 14 modules, 1 repeat/);
    await page.getByRole('button', { name: 'Export' }).click();
    const { text } = await saved(page, () =>
      page.getByRole('button', { name: 'Result, JSON' }).click(),
    );
    expect((JSON.parse(text) as RunResult).model).toMatchObject({
      bos: { ids: [1], tokens: ['<s>'], by: 'tokenizer.json' },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
