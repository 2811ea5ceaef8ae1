/**
 * Tests hub models: search, size before the download, progress, caching, and consent before a link
 * downloads.
 */
import { resolve } from 'node:path';
import { defined } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import { NO_FAULT, startMirror, type Mirror } from '../test/hub-mirror.ts';
import { measured, open, saw, smallSpec, title, watch } from './page.ts';

const graph = 'onnx/model_q4.onnx';
const repository = 'rank-atlas/copy-of-atlas';
test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

let mirror: Mirror;
test.beforeAll(async () => {
  mirror = await startMirror(
    { [repository]: resolve(import.meta.dirname, '../public/models/atlas-3m') },
    ['rank-atlas/gated'],
  );
});
test.afterAll(() => mirror.close());
test.beforeEach(async ({ page }) => {
  mirror.log.length = 0;
  Object.assign(mirror.fault, NO_FAULT);
  await serveFrom(page);
});

/** Serves the page with a mirror as its hub, as a host would configure it. */
const serveFrom = (page: Page) =>
  page.route(
    (url) => url.pathname === '/',
    async (route) => {
      const response = await route.fetch();
      const html = await response.text();
      await route.fulfill({
        response,
        body: html.replace(/(name="model-hub" content=")[^"]*/, `$1${mirror.url}`),
      });
    },
  );

const picker = (page: Page) => page.locator('.picker');
const openPicker = async (page: Page) => {
  await page.locator('#change-model').click();
  await expect(picker(page)).toBeVisible();
};
/** A model loaded from the picker waits for Play. */
const measureLoaded = async (page: Page, name: string) => {
  await expect(page.locator('.sidebar').getByText(`${name}, 8 × 7`)).toBeVisible();
  await page.locator('.run-controls').getByRole('button', { name: 'Play' }).click();
  await measured(page, 3);
};
const look = async (page: Page, name: string) => {
  await picker(page).getByLabel('Hub id or address').fill(name);
  await picker(page).getByRole('button', { name: 'Look', exact: true }).first().click();
};

/** Names of cached model files, without hub listings. */
const cachedFiles = (page: Page) =>
  page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    const names: string[] = [];
    for await (const name of (folder as unknown as { keys(): AsyncIterable<string> }).keys())
      if (!name.startsWith('hub ')) names.push(name);
    return names;
  });

test('a hub id lists its graphs; a graph is downloaded over a broken connection, checked, opened and measured; its link requests it again', async ({
  page,
  context,
}) => {
  await open(page);
  await measured(page, 3);
  await openPicker(page);
  expect(mirror.log).toEqual([]);
  await look(page, repository);
  const offer = picker(page).getByRole('row', { name: graph });
  await expect(offer).toContainText('3.9 MB');
  expect(mirror.log.filter((line) => line.includes(graph))).toEqual([]);
  Object.assign(mirror.fault, { breaks: 1, after: 700_000 });
  const shown = await watch(page, '.picker');
  await offer.getByRole('button', { name: 'Fetch' }).click();
  await expect(picker(page).getByText(/^Needs 0\.\d+ of/)).toBeVisible();
  // After the last byte the page reads the file; it no longer shows a download with Cancel.
  expect(shown.filter((words) => /Fetching, (\S+ MB) of \1/.test(words))).toEqual([]);
  expect(mirror.log.filter((line) => line.includes(graph))).toEqual([
    `GET ${graph}`,
    expect.stringMatching(/bytes=\d+-$/),
  ]);
  await picker(page).getByRole('button', { name: /^Load/ }).click();
  await measureLoaded(page, 'copy-of-atlas');

  const header = await watch(page, '[role="status"]');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await saw(header, /Copied/);
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await serveFrom(other);
  mirror.log.length = 0;
  await other.goto(link);
  await expect(other.locator('.banner')).toContainText(
    `This link needs ${repository}:${graph} from ${new URL(mirror.url).host}.`,
  );
  await expect(title(other)).toHaveText('Ready');
  await other.getByRole('button', { name: 'Look at it' }).click();
  // The graph is cached and the link names its commit, so the hub gets no request.
  await picker(other)
    .getByRole('button', { name: `Inspect: ${graph}` })
    .click();
  await picker(other).getByRole('button', { name: /^Load/ }).click();
  await expect(other.locator('.badge')).toHaveText('Map not measured yet');
  await measureLoaded(other, 'copy-of-atlas');
  await expect(other.locator('.badge')).toHaveText('Map reproduced: 56 of 56 ranks equal');
  expect(mirror.log).toEqual([]);
});

/** Starts downloading the repository's graph. The hub sends one million bytes and then stalls. */
async function fetchHeld(page: Page): Promise<void> {
  await open(page);
  await measured(page, 3);
  await openPicker(page);
  await look(page, repository);
  mirror.fault.hold = 1_000_000;
  await picker(page).getByRole('button', { name: 'Fetch' }).click();
}

test('a cancelled download resumes from its last byte; cached files can be removed', async ({
  page,
}) => {
  await fetchHeld(page);
  await expect(picker(page).getByText(/^Fetching, (0\.[1-9]|1(\.0)?) MB of/)).toBeVisible();
  await picker(page).getByRole('button', { name: 'Cancel' }).click();
  // Half a graph is stored as a partial file only.
  await expect
    .poll(() => cachedFiles(page))
    .toContainEqual(expect.stringMatching(/^[0-9a-f]{64}\.\d+\.part$/));
  expect((await cachedFiles(page)).filter((name) => /^[0-9a-f]{64}$/.test(name))).toEqual([]);
  const offer = picker(page).getByRole('row', { name: graph });
  await expect(offer).toBeVisible();
  mirror.fault.hold = 0;
  await offer.getByRole('button', { name: 'Fetch' }).click();
  await expect(picker(page).getByText(/^Needs/)).toBeVisible();
  expect(mirror.log.filter((line) => line.includes(graph)).at(-1)).toMatch(/bytes=[1-9]\d+-$/);
  const cached = picker(page).getByRole('row', { name: repository });
  await expect(cached).toContainText('MB');
  await cached.getByRole('button', { name: 'Remove' }).click();
  await expect(cached).toHaveCount(0);
});

test('cancelling a download that replaced another leaves no download', async ({ page }) => {
  await fetchHeld(page);
  await expect(picker(page).getByText(/^Fetching/)).toBeVisible();
  await look(page, `${mirror.store}/${repository}/${graph}`);
  await expect(picker(page).getByRole('heading', { name: 'model_q4.onnx' })).toBeVisible();
  await expect(picker(page).getByText(/^Fetching, (0\.[1-9]|1(\.0)?) MB of/)).toBeVisible();
  await picker(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(picker(page).getByRole('heading', { name: 'model_q4.onnx' })).toHaveCount(0);
  await expect(picker(page).getByText(/^(Fetching|Asking)/)).toHaveCount(0);
});

test('unavailable models are reported, and the page still works', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await openPicker(page);
  const shows = (words: RegExp | string) =>
    expect(picker(page).getByRole('alert')).toContainText(words);
  await look(page, 'rank-atlas/nothing');
  await shows(
    /localhost:\d+ has no rank-atlas\/nothing \(401\)\. Check the id, or use local files\./,
  );
  await look(page, 'rank-atlas/gated');
  await shows('requires an account that accepted the terms of');
  await look(page, 'not a model');
  await shows('it is neither a hub id');
  await look(page, 'http://localhost:9/model.onnx');
  await shows('localhost:9 is unreachable');
  await page.keyboard.press('Escape');
  await expect(title(page)).toHaveText('Measured 56 modules, 3 repeats');
});

test('the address of a graph opens it with its companion files', async ({ page }) => {
  await open(page);
  await measured(page, 3);
  await openPicker(page);
  await look(page, `${mirror.store}/${repository}/${graph}`);
  await picker(page).getByRole('button', { name: /^Load/ }).click();
  await measureLoaded(page, 'model_q4');
});

test('two tabs download one model at the same time: both open it, and it is cached once', async ({
  page,
  context,
}) => {
  const other = await context.newPage();
  await serveFrom(other);
  mirror.fault.hold = 1_000_000;
  for (const tab of [page, other]) {
    await open(tab);
    await measured(tab, 3);
    await openPicker(tab);
    await look(tab, repository);
    await picker(tab)
      .getByRole('row', { name: graph })
      .getByRole('button', { name: 'Fetch' })
      .click();
    // The second download resumes from the partial file of the first.
    await expect(picker(tab).getByText(/^Fetching, [0-9.]+ MB of/)).toBeVisible();
  }
  await expect
    .poll(async () => (await cachedFiles(page)).filter((name) => name.endsWith('.part')).length)
    .toBe(2);
  mirror.fault.hold = 0;
  for (const tab of [page, other]) await expect(picker(tab).getByText(/^Needs/)).toBeVisible();
  expect((await cachedFiles(page)).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(1);
  // A third visit reads the cached file and verifies its digest.
  mirror.log.length = 0;
  await look(page, repository);
  await picker(page)
    .getByRole('button', { name: `Inspect: ${graph}` })
    .click();
  await expect(picker(page).getByText(/^Needs/)).toBeVisible();
  expect(mirror.log.filter((line) => line.includes(graph))).toEqual([]);
});

test('the owner of a host is visible on a phone, even if its name is long', async ({ page }) => {
  const owner = `${'b'.repeat(63)}.example`;
  await page.setViewportSize({ width: 390, height: 844 });
  const spec = smallSpec();
  await open(page, {
    ...spec,
    model: {
      ...spec.model,
      id: `url:https://huggingface.co.${'a'.repeat(60)}.${owner}/onnx/model_q4.onnx`,
    },
  });
  const box = await page.locator('.banner bdi b', { hasText: owner }).boundingBox();
  expect(defined(box).x + defined(box).width).toBeLessThanOrEqual(390);
});

test('a link to a hub model sends no request to the hub before the visitor agrees', async ({
  page,
}) => {
  const spec = smallSpec();
  await open(page, { ...spec, model: { ...spec.model, id: `hub:${repository}@main` } });
  await expect(page.locator('.banner')).toContainText(`This link needs ${repository}`);
  await expect(title(page)).toHaveText('Ready');
  expect(mirror.log).toEqual([]);
});

test('a model downloads from a host that compresses its files', async ({ page }) => {
  mirror.fault.gzip = true;
  await open(page);
  await measured(page, 3);
  await openPicker(page);
  await look(page, `${mirror.store}/${repository}/${graph}`);
  await expect(picker(page).getByText(/^Needs/)).toBeVisible();
});
