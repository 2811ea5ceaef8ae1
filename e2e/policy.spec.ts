/** Tests the content security policy of the built page: what it may load and who may frame it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from './test.ts';
import { measured, open, smallSpec } from './page.ts';

test('the page does not violate its content security policy, and injected code does not run', async ({
  page,
}) => {
  const broken: string[] = [];
  await page.exposeFunction('broken', (what: string) => {
    broken.push(what);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) =>
      (window as unknown as { broken(what: string): void }).broken(
        `${e.effectiveDirective} ${e.blockedURI}`,
      ),
    );
  });
  await open(page, smallSpec());
  await measured(page, 3);
  await page.getByRole('tab', { name: 'Race' }).click();
  await expect(page.getByRole('tabpanel')).toContainText('Nothing trained yet.');
  expect(broken).toEqual([]);

  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.slipped = 1';
    const picture = document.createElement('div');
    picture.innerHTML =
      '<img src="/none.png" onerror="window.slipped = 2"><a href="javascript:window.slipped = 3">x</a>';
    const base = document.createElement('base');
    base.href = 'https://example.org/';
    document.body.append(script, picture, base);
    picture.querySelector('a')?.click();
  });
  await expect
    .poll(() => broken.map((b) => b.split(' ')[0]))
    .toEqual(expect.arrayContaining(['script-src-elem', 'script-src-attr', 'base-uri']));
  expect(
    await page.evaluate(() => [
      (window as unknown as { slipped?: number }).slipped,
      document.baseURI.startsWith(location.origin),
    ]),
  ).toEqual([undefined, true]);
});

test('another page cannot frame the whole page', async ({ page, baseURL }) => {
  const host = createServer((_, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end(`<!doctype html><title>host</title><iframe title="atlas" src="${baseURL}/"></iframe>`),
  );
  await new Promise<void>((done) => {
    host.listen(0, '127.0.0.1', done);
  });
  try {
    const refused = page.waitForEvent('console', (message) =>
      message.text().includes('frame-ancestors'),
    );
    await page.goto(`http://127.0.0.1:${(host.address() as AddressInfo).port}/`);
    await refused;
    await expect(page.frameLocator('iframe').locator('#root')).toHaveCount(0);
  } finally {
    host.close();
  }
});

test('the licences of the packages in the page and its workers are published with it', async ({
  request,
}) => {
  const text = await (await request.get('/licenses.md')).text();
  // One package each of the page, its worker, and the module that the worker downloads.
  for (const name of ['react', 'onnxruntime-web', '@bufbuild/protobuf', 'tokenizers.wasm'])
    expect(text).toMatch(new RegExp(`^## ${name}`, 'm'));
});
