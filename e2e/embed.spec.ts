/**
 * Tests the embedded page: it shows the recorded run, downloads and stores nothing, runs on
 * request, and opens in full.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './test.ts';
import { digestOf } from '../src/experiment/digest.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { open, smallSpec, title } from './page.ts';

/**
 * A page of another origin on a real server. The browser blocks access from an intercepted page to
 * this machine.
 */
let server: Server;
let host = '';
let body = '';
test.beforeAll(async () => {
  server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
test.afterAll(() => {
  server.close();
});

test('a frame of another origin shows the recorded map and race, and loads no engine', async ({
  page,
  baseURL,
}) => {
  const requests: string[] = [];
  page.on('request', (r) => requests.push(new URL(r.url()).pathname));
  body = `<!doctype html><title>host</title><iframe title="atlas" width="700" height="1090" src="${baseURL}/?embed=map,race"></iframe>`;
  await page.goto(host);
  const frame = page.frameLocator('iframe');
  await expect(frame.locator('.source')).toHaveText(/^Recorded 20\d\d-\d\d-\d\d, CPU$/);
  await expect(frame.locator('#map [data-module]')).toHaveCount(56);
  await expect(frame.locator('.map-card .finding')).toHaveText(
    /^Rank belongs at both ends: layers 0 and 5–7/,
  );
  await expect(frame.locator('.panel .finding')).toHaveText(/ends lowest, [\d.]+ nats below/);
  await expect(frame.getByText(/^Recorded 20\d\d-\d\d-\d\d, CPU\.$/)).toBeVisible();
  await expect(frame.locator('.sidebar, .tabs, .run-controls')).toHaveCount(0);
  expect(requests.filter((path) => /\.(wasm|onnx)|worker/.test(path))).toEqual([]);
  // Single-key shortcuts are disabled.
  await frame.locator('#map [tabindex="0"]').focus();
  await page.keyboard.press('t');
  await expect(frame.locator('#map')).toBeVisible();
});

test('Run here measures a link’s experiment, then its race, and saves nothing', async ({
  page,
}) => {
  const { training, race } = smallSpec();
  const spec = smallSpec({
    seed: 4,
    study: 'race',
    training: { ...training, steps: 4, batch: 2, length: 16, heldSequences: 4, evaluateEvery: 2 },
    race: { ...race, entries: ['uniform', 'spectrum'] },
  });
  await open(page, spec, '?embed=map,race&lang=en');
  await expect(page.locator('.source')).toHaveText(
    'This experiment has no recorded run. Run here measures it.',
  );
  await expect(page.getByRole('link', { name: 'Open Rank Atlas in a new tab' })).toHaveAttribute(
    'href',
    /\/\?lang=en#x=3\./,
  );
  await page.getByRole('button', { name: 'Run here' }).click();
  await expect(title(page)).toHaveText('The race is over');
  await expect(page.locator('.map-card .head')).toContainText('AdaRank, 3 repeats');
  await expect(page.locator('.panel .finding')).toHaveText(/ends lowest/);
  expect(
    await page.evaluate(async () => [
      localStorage.length,
      sessionStorage.length,
      (await indexedDB.databases()).length,
    ]),
  ).toEqual([0, 0, 0]);
});

test('the ranks of a link are shown as those of a finished run', async ({ page }) => {
  const recorded = parseResult(JSON.parse(readFileSync('public/recorded/atlas-3m.json', 'utf8')));
  await page.goto(
    `/?embed=map&lang=en${await encodeLink({ ...recorded.spec, seed: 2 }, { digest: digestOf(recorded) })}`,
  );
  await expect(page.locator('.source')).toHaveText('From a link');
  await expect(page.locator('.map-card .keys')).toHaveText('6 rank');
  await page.locator('#map [tabindex="0"]').focus();
  await expect(page.locator('.strip')).toContainText('Rank');
  await expect(page.locator('.map-card')).not.toContainText(/so far|1 repeat/);
});

test('axe finds nothing in an embedded page', async ({ page }) => {
  await open(page, null, '?embed=map,race');
  await expect(page.locator('.panel .finding')).toHaveText(/ends lowest/);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id} ${v.nodes.map((n) => n.target).join()}`)).toEqual([]);
});
