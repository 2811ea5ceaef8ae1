/** Tests the article under the instrument: opening, formulas, numbers, links, accessibility. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './test.ts';
import { measured, open, saved, smallSpec } from './page.ts';
import { papers } from '../src/ui/article/papers.ts';

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

const article = (page: Page) => page.locator('.article');

/** By keyboard: the focus moves from the button to the heading that replaces it. */
async function openArticle(page: Page): Promise<void> {
  await page.locator('.article-slot > button').focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('.article-slot > h2')).toBeFocused();
  await expect(article(page)).toBeVisible();
}

async function opened(page: Page): Promise<void> {
  await open(page);
  await measured(page, 3);
  await openArticle(page);
}

test('scrolling opens the article; its contents lead to a section', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await expect(article(page)).toHaveCount(0);
  await page.setViewportSize({ width: 1440, height: 700 });
  await page.mouse.wheel(0, 600);
  await expect(article(page)).toBeVisible();
  const { hash } = new URL(page.url());
  await page.getByRole('navigation').getByRole('button', { name: 'Limits' }).click();
  await expect(page.getByRole('heading', { name: 'Limits', exact: true })).toBeFocused();
  expect(new URL(page.url()).hash).toBe(hash);
  // Present shows the instrument alone.
  await page.keyboard.press('p');
  await expect(page.locator('.article-slot')).toHaveCount(0);
});

test('formulas are MathML, and a number leads to its place on the page', async ({ page }) => {
  await opened(page);
  const formulas = article(page).locator('.formula math');
  expect(await formulas.count()).toBeGreaterThan(8);
  expect(
    await formulas.evaluateAll((all) =>
      all.every((f) => f.namespaceURI?.endsWith('MathML') && f.getBoundingClientRect().height > 10),
    ),
  ).toBe(true);
  const rule = article(page).locator('.explained', { has: page.getByText('number of modules') });
  await rule
    .last()
    .getByRole('button', { name: /^8\. Show “mean rank/ })
    .click();
  await expect(page.getByRole('slider', { name: /Mean rank/ })).toBeFocused();
  await page.getByRole('slider', { name: /Mean rank/ }).fill('7');
  const rank = rule.last().getByRole('button', { name: /Show “rank of module i”/ });
  const shown = Number((await rank.textContent())?.split(' ')[0]);
  await rank.click();
  const cell = page.locator(':focus');
  await expect(cell).toHaveAttribute('data-module', /\d+/);
  // The cell shows a range if its rank is not settled.
  const range = ((await cell.textContent())?.match(/\d+/g) ?? []).map(Number);
  expect(range.length).toBeGreaterThan(0);
  expect(Math.min(...range)).toBeLessThanOrEqual(shown);
  expect(Math.max(...range)).toBeGreaterThanOrEqual(shown);
});

test('external links open apart, and nothing is requested before a click', async ({
  page,
  baseURL,
}) => {
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await opened(page);
  const links = article(page).locator('a');
  const found = await links.evaluateAll((all) =>
    all.map((a) => ({
      href: (a as HTMLAnchorElement).href,
      target: (a as HTMLAnchorElement).target,
      rel: (a as HTMLAnchorElement).rel,
    })),
  );
  for (const { arxiv } of papers)
    expect(found.map(({ href }) => href)).toContain(`https://arxiv.org/abs/${arxiv}`);
  for (const { target, rel } of found)
    expect([target, rel]).toEqual(['_blank', 'noopener noreferrer']);
  expect(
    requests.filter((url) => !/^(blob|data):/.test(url) && !url.startsWith(String(baseURL))),
  ).toEqual([]);
});

test('the methods paragraph is that of the run; it and BibTeX are copied', async ({ page }) => {
  await opened(page);
  await page.getByRole('button', { name: 'Copy: Methods paragraph' }).click();
  await expect(page.getByRole('button', { name: 'Copy: Methods paragraph' })).toHaveText('Copied');
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toContain('AdaRank, 3 repeats');
  expect(text).toContain('2 sequences of 8 tokens');
  await page.getByRole('button', { name: 'Copy: BibTeX' }).click();
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toContain('@software{rank-atlas,');
});

test('a term of the article shows its definition to the keyboard', async ({ page }) => {
  await opened(page);
  const term = article(page).getByRole('button', { name: 'settled', exact: true });
  await term.focus();
  await expect(term).toHaveAccessibleDescription(/95 % interval/);
  await expect(page.locator('.tip:popover-open')).toHaveText(/one rank only/);
  await page.keyboard.press('Escape');
  await expect(page.locator('.tip:popover-open')).toHaveCount(0);
});

test('the export dialog shares the finding, a picture, a QR code and scripts', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  const finding = String(await page.locator('.map-card .finding').textContent());
  await expect(page).toHaveTitle(`${finding} · Rank Atlas`);
  await page.getByRole('button', { name: 'Export' }).click();
  await expect(page.getByRole('img', { name: 'QR code of the link' })).toBeVisible();
  await page.getByRole('button', { name: 'Copy: Title and description' }).click();
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toContain(`${finding}\nAdaRank, 3 repeats, on Atlas 3.5M`);
  const picture = await saved(page, () => page.getByRole('button', { name: 'Map, PNG' }).click());
  expect(picture.name).toMatch(/\.png$/);
  expect(picture.text.slice(1, 4)).toBe('PNG');
  const script = await saved(page, () =>
    page.getByRole('button', { name: 'PEFT, Python' }).click(),
  );
  expect(script.text).toContain('"model.layers.0.mlp.down_proj": ');
});

for (const [colorScheme, language] of [
  ['light', 'en'],
  ['dark', 'en'],
  ['light', 'ja'],
  ['dark', 'ja'],
] as const)
  test(`axe finds nothing: ${colorScheme}, ${language}`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    await open(page, smallSpec(), `?lang=${language}`);
    await openArticle(page);
    await expect(page.locator('.article pre')).toHaveCount(2);
    const { violations } = await new AxeBuilder({ page })
      .setLegacyMode()
      .include('.article-slot')
      .analyze();
    expect(violations.map((v) => `${v.id} ${v.nodes.map((n) => n.target).join(' | ')}`)).toEqual(
      [],
    );
    await context.close();
  });
