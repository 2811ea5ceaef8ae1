/** What stands before each text: said beside it, chosen in the form, carried by the link, kept in the result. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { RunResult } from '../src/experiment/result.ts';
import { decodeLink } from '../src/experiment/link.ts';
import { writeTinyModel } from '../test/tiny-model.ts';
import { measured, open, saved, smallSpec } from './page.ts';

test('the bundled tokenizer asks for no BOS; one may be set, and travels', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  const rail = page.locator('.rail');
  await expect(rail).toContainText('No BOS: tokenizer.json asks for none');
  await rail.getByText('Advanced').click();
  await rail.getByLabel('Before each text (BOS)').selectOption('always');
  await expect(rail).toContainText('<|endoftext|> before each sequence, as set');
  await expect(page.locator('.status')).toContainText('before each text as the tokenizer says to always the BOS');
  await page.getByRole('button', { name: 'Play' }).click();
  await measured(page, 3);
  await page.getByRole('button', { name: 'Copy link' }).click();
  expect((await decodeLink(await page.getByRole('textbox', { name: 'Link' }).inputValue())).spec.bos).toBe('always');
});

test('a link of version 1 still opens as the experiment it was, in Japanese too', async ({ page }) => {
  await page.goto('/?lang=ja#x=1.q1YqLkhNVrKqrq0FAA');
  await expect(page.locator('.rail')).toContainText('BOS なし（tokenizer.json に指定なし）', { timeout: 60_000 });
});

test('a model whose tokenizer asks for a BOS gets it, and its result says so', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-bos-page-'));
  try {
    await open(page, smallSpec({ length: 6 }));
    await measured(page, 3);
    await page.locator('.rail').getByRole('button', { name: 'Change…' }).first().click();
    await page.locator('.picker input[type="file"]').first().setInputFiles(writeTinyModel(folder));
    await page.getByRole('button', { name: /^Load / }).click();
    await expect(page.locator('.rail')).toContainText('<s> before each sequence, as tokenizer.json asks', { timeout: 60_000 });
    const title = page.locator('.status .bold').first();
    await expect(title).toHaveText('Measured 14 modules, 3 repeats', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Export' }).click();
    const { text } = await saved(page, () => page.getByRole('button', { name: 'JSON' }).first().click());
    expect((JSON.parse(text) as RunResult).model).toMatchObject({ bos: { ids: [1], tokens: ['<s>'], by: 'tokenizer.json' } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
