/** Tests the same measurement on WebGPU, with the browser's software adapter. */
import { expect, test } from './test.ts';
import { browserWith, softwareGpu } from '../playwright.config.ts';
import { cellTexts, expectSmall, measured, open, smallSpec } from './page.ts';

test.use({ launchOptions: browserWith(...softwareGpu) });

test('WebGPU gives the ranks of the CPU, and a software adapter is not selected automatically', async ({
  page,
}) => {
  test.slow();
  const spec = smallSpec({ sequences: 1, length: 8 });
  await open(page, { ...spec, method: { ...spec.method, repeats: 1 } });
  const chip = page.locator('.chips .chip').first();
  await expect(chip).toContainText('CPU (WASM)');
  await expect(page.locator('.status .bold').first()).toHaveText('Measured 56 modules, 1 repeat');
  const onCpu = await cellTexts(page);

  await chip.click();
  await page.locator('.provider-menu').getByRole('button', { name: 'Use' }).click();
  await expect(chip).toContainText('WebGPU');
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.locator('.status .bold').first()).toHaveText('Measured 56 modules, 1 repeat');
  await expect(chip).toContainText('WebGPU');
  await expect.poll(() => cellTexts(page)).toEqual(onCpu);
  await expectSmall(page);
  await chip.click();
  await expect(page.locator('.provider-menu')).not.toContainText('differs');
});

test('a run resumes from its draws when the provider changes', async ({ page }) => {
  test.slow();
  await open(page, smallSpec({ sequences: 1, length: 8 }));
  await measured(page, 3);
  const before = await cellTexts(page);
  await page.locator('.chips .chip').first().click();
  await page.locator('.provider-menu').getByRole('button', { name: 'Use' }).click();
  await expect(page.locator('.chips .chip').first()).toContainText('WebGPU');
  await measured(page, 3);
  await expect.poll(() => cellTexts(page)).toEqual(before);
});

test('if the automatically selected GPU fails, the page reports it and uses the CPU', async ({
  page,
}) => {
  // Under another name the software adapter is chosen automatically. Its runtime cannot be
  // downloaded.
  await page.route(/engine\.worker.*\.js$/, async (route) => {
    const response = await route.fetch();
    const rename =
      "Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false }); for (const name of ['vendor', 'architecture', 'device', 'description']) Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => 'a GPU' });\n";
    await route.fulfill({ response, body: rename + (await response.text()) });
  });
  await page.route(/asyncify.*\.wasm$/, (route) => route.abort());
  await open(page);
  await expect(page.getByRole('alert')).toContainText('The runtime refused to load');
  await expect(page.getByRole('alert')).toContainText('The CPU is used instead.');
  await expect(page.locator('.chips .chip').first()).toContainText('CPU (WASM)');
  await measured(page, 3);
});
