/**
 * Tests the page in a browser that blocks site data: no cookies, no database, no private files. The
 * page must still work.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { expect, test } from './test.ts';
import { browserWith } from '../playwright.config.ts';
import { measured, open, smallSpec, stepUntil, title, watch, saw } from './page.ts';

test('with blocked site data the page measures and trains, and reports what it cannot save', async ({
  baseURL,
}, info) => {
  const profile = info.outputPath('profile');
  mkdirSync(join(profile, 'Default'), { recursive: true });
  writeFileSync(
    join(profile, 'Default', 'Preferences'),
    JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
  );
  const context = await chromium.launchPersistentContext(profile, {
    ...browserWith(),
    baseURL,
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
  });
  try {
    const page = await context.newPage();
    const small = smallSpec();
    await open(page, {
      ...small,
      study: 'train',
      training: {
        ...small.training,
        steps: 30,
        batch: 2,
        length: 8,
        heldSequences: 2,
        evaluateEvery: 0,
      },
      train: { ...small.train, ranks: { kind: 'uniform', rank: 4 } },
    });
    await expect(title(page)).toHaveText('Nothing trained yet');
    const storage = await page.evaluate(async () => {
      const works = async (what: () => unknown) => {
        try {
          await what();
          return true;
        } catch {
          return false;
        }
      };
      return [
        await works(() => localStorage.length),
        await works(() => navigator.storage.getDirectory()),
      ];
    });
    expect(storage).toEqual([false, false]);
    const texts = await watch(page, '[role="alert"]');
    await stepUntil(page, '#tab-panel', /Step [2-9] of/);
    await saw(texts, /cannot save a checkpoint/);
    await page.getByRole('tab', { name: 'Layers' }).click();
    await measured(page, 3);
    await page.getByRole('button', { name: '日本語' }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
  } finally {
    await context.close();
  }
});
