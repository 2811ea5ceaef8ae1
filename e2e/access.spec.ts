/** Tests accessibility: axe, keyboard, both languages, both colour schemes, a phone. */
import AxeBuilder from '@axe-core/playwright';
import { defined } from '../src/checked.ts';
import { expect, test } from './test.ts';
import { cells, measured, open, smallSpec, title } from './page.ts';

const done = /Measured 56 modules, 3 repeats|56モジュールを測定済み（反復3回）/;

// Colours depend on the scheme, names on the language: two of the four combinations cover both.
for (const [colorScheme, language] of [
  ['light', 'en'],
  ['dark', 'ja'],
] as const) {
  test(`axe finds nothing: ${colorScheme}, ${language}`, async ({ browser }) => {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    await open(page, smallSpec(), `?lang=${language}`);
    await expect(title(page)).toHaveText(done);
    /** `known` lists parts that are unchanged since an earlier check. */
    const check = async (what: string, known: readonly string[] = []) => {
      // The page has no frames. Without axe's support for frames, the same check takes half the
      // time.
      const axe = known.reduce(
        (builder, part) => builder.exclude(part),
        new AxeBuilder({ page }).setLegacyMode(),
      );
      const { violations } = await axe.analyze();
      expect(
        violations.map(
          (v) =>
            `${what}: ${v.id} ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`,
        ),
      ).toEqual([]);
    };
    await check('map');
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      await expect(page.locator('#tab-panel > *').first()).toBeVisible();
      await check(`tab ${await tab.textContent()}`, ['#centre']);
    }
    await page.getByRole('tab').first().click();
    await page.keyboard.press('t');
    await check('table', ['.panel']);
    await page.keyboard.press('t');
    await cells(page).nth(10).click();
    await expect(page.locator('.module-panel .steps')).toBeVisible();
    await check('module');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    await check('help');
    await page.keyboard.press('Escape');
    await page.locator('#change-model').click();
    await expect(page.locator('.picker')).toBeVisible();
    await check('picker');
    await context.close();
  });
}

test('the keyboard alone is enough', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await page.keyboard.press('Tab');
  await expect(page.locator('.skip')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(cells(page).first()).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(cells(page).nth(8)).toBeFocused();
  await page.keyboard.press('Control+End');
  await expect(cells(page).nth(55)).toBeFocused();
  await page.keyboard.press('Home');
  await page.keyboard.press('PageUp');
  await expect(cells(page).nth(14)).toBeFocused();
  await expect(page.locator('.strip')).toContainText('model.layers.2.self_attn.q_proj');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Layer 2, q' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(cells(page).nth(14)).toBeFocused();

  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.getByLabel('Single-key shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('r');
  await expect(title(page)).toHaveText(/^Measured/);
  await page.keyboard.press('Control+z');
  await page.getByRole('button', { name: 'Help' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Single-key shortcuts').check();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Help' })).toBeFocused();
  await page.keyboard.press(']');
  await expect(page.getByRole('slider', { name: /Mean rank/ })).toHaveAttribute(
    'aria-valuetext',
    '12',
  );
  await page.keyboard.press('r');
  await expect(title(page)).toHaveText('Ready');
  await page.keyboard.press('s');
  await expect(title(page)).toHaveText('Paused at layer 0 q, repeat 1 of 3');
  await page.keyboard.press('k');
  await measured(page, 3);
});

test('a phone has one column, no sideways scrolling and large targets', async ({ browser }) => {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const page = await context.newPage();
  for (const language of ['en', 'ja']) {
    await open(page, smallSpec(), `?lang=${language}`);
    await expect(page.locator('.phone-foot .bold')).toHaveText(
      /Measured, 3 repeats|測定済み（反復3回）/,
    );
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      390,
    );
    for (const button of await page.locator('.phone-foot button').all())
      expect(defined(await button.boundingBox()).height).toBeGreaterThanOrEqual(44);
    await page.locator('.phone-row button').first().tap();
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      390,
    );
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Close|閉じる/ })
      .tap();
    await cells(page).nth(3).tap();
    await expect(page.locator('.module-panel')).toBeVisible();
  }
  await context.close();
});

test('the language is switched in place and remembered', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await page.getByRole('button', { name: '日本語' }).click();
  await expect(page.getByRole('heading', { name: 'ランクの割り当て先' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
  await page.reload();
  await expect(page.getByRole('button', { name: 'English' })).toBeVisible();
});
