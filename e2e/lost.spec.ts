/**
 * Tests a GPU that is lost during a run. The page reports the loss and resumes to the same numbers.
 * Runs on the software adapter.
 */
import { elementAt } from '../src/checked.ts';
import { expect, test, type Page } from './test.ts';
import { browserWith, patience, softwareGpu } from '../playwright.config.ts';
import {
  cellTexts,
  measured,
  measuredUntil,
  open,
  saved,
  saw,
  smallSpec,
  stepOn,
  stepUntil,
  title,
  watch,
} from './page.ts';

test.use({ launchOptions: browserWith(...softwareGpu) });
test.describe.configure({ timeout: 900_000 * patience });

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** Records the devices that the engine's thread creates, then switches it to WebGPU. */
async function toWebGpu(page: Page): Promise<void> {
  await elementAt(page.workers(), 0).evaluate(() => {
    const devices: { destroy(): void }[] = [];
    const { prototype } = (
      globalThis as unknown as {
        GPUAdapter: {
          prototype: { requestDevice(...how: unknown[]): Promise<{ destroy(): void }> };
        };
      }
    ).GPUAdapter;
    const request = prototype.requestDevice;
    prototype.requestDevice = async function (...how) {
      const device = await request.apply(this, how);
      devices.push(device);
      return device;
    };
    Object.assign(globalThis, { devices });
  });
  const chip = page.locator('.chips .chip').first();
  await chip.click();
  await page.locator('.provider-menu').getByRole('button', { name: 'Use' }).click();
  await expect(chip).toContainText('WebGPU');
  await page.keyboard.press('Escape');
}

/** Destroys the devices of a paused run. The engine notices when it resumes. */
const loseDevices = (page: Page) =>
  elementAt(page.workers(), 0).evaluate(() => {
    const { devices } = globalThis as unknown as { devices: { destroy(): void }[] };
    return devices.map((d) => d.destroy()).length;
  });

/**
 * Returns the ranks of a measurement on the CPU. The same measurement on WebGPU is then paused in
 * its second repeat.
 */
async function inSecondRepeat(page: Page): Promise<string[]> {
  await open(page, smallSpec({ sequences: 1, length: 4 }));
  await measured(page, 3);
  const undisturbed = await cellTexts(page);
  await toWebGpu(page);
  await measuredUntil(page, /repeat 2 of 3/);
  return undisturbed;
}

test(
  'a training whose device is destroyed goes on from its checkpoint and ends as one that nothing happened to',
  { tag: '@slow' },
  async ({ page }) => {
    const small = smallSpec({ study: 'train', sequences: 1, length: 4 });
    const steps = 8;
    const panel = page.locator('#tab-panel');
    await open(page, {
      ...small,
      method: { ...small.method, repeats: 1 },
      train: { ...small.train, ranks: { kind: 'uniform', rank: 2 }, base: 'as-is' },
      training: {
        ...small.training,
        steps,
        batch: 1,
        length: 4,
        heldSequences: 1,
        evaluateEvery: 0,
        learningRate: 0.01,
      },
    });
    await expect(title(page)).toHaveText('Nothing trained yet');
    await toWebGpu(page);
    const losses = async () => {
      await expect(title(page)).toHaveText('Trained');
      const { text } = await saved(page, () => panel.getByRole('button', { name: 'CSV' }).click());
      return text.split('\n').filter((line) => !line.startsWith('#'));
    };
    const step = async () =>
      Number(/Step (\d+) of/.exec((await panel.textContent()) ?? '')?.[1] ?? 0);

    await stepUntil(page, '#tab-panel', /Step [2-6] of/);
    const stood = await step();
    const texts = await watch(page, '[role="alert"]');
    await stepOn(page);
    await expect(title(page)).toHaveText('Paused');
    expect(await loseDevices(page)).toBe(1);
    await press(page, 'Play');
    await saw(texts, /^The GPU stopped\. The run resumes from its checkpoint\.$/);
    const seen = new Set<number>();
    await expect
      .poll(
        async () => {
          seen.add(await step());
          return title(page).textContent();
        },
        { intervals: [50] },
      )
      .toBe('Trained');
    const disturbed = await losses();
    await expect(page.getByRole('alert')).toHaveCount(0);
    seen.delete(0);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(stood);
    await expect(page.locator('.chips .chip').first()).toContainText('WebGPU');

    await press(page, 'Reset');
    await press(page, 'Play');
    expect(await losses()).toEqual(disturbed);
  },
);

test('a measurement resumes from its draws after a GPU crash, with the same ranks', async ({
  page,
  browser,
}) => {
  const undisturbed = await inSecondRepeat(page);
  const texts = await watch(page, '[role="alert"]');
  await (
    await browser.newBrowserCDPSession()
  )
    .send('Browser.crashGpuProcess')
    .catch(() => undefined);
  await press(page, 'Play');
  await saw(texts, /^The GPU stopped\. The run resumes from repeat 2\.$/);
  await measured(page, 3);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.locator('.chips .chip').first()).toContainText('WebGPU');
  await expect.poll(() => cellTexts(page)).toEqual(undisturbed);
});

test('without a GPU after a crash, the CPU resumes from the draws, with the same ranks', async ({
  page,
}) => {
  const undisturbed = await inSecondRepeat(page);
  // The next thread finds no GPU adapter.
  await page.route(/engine\.worker[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({
      response,
      body: `GPU.prototype.requestAdapter = async () => null;\n${await response.text()}`,
    });
  });
  const texts = await watch(page, '[role="alert"]');
  await loseDevices(page);
  await press(page, 'Play');
  await saw(texts, /^The GPU stopped\. The run resumes on the CPU from repeat 2\.$/);
  await measured(page, 3);
  await expect(page.locator('.chips .chip').first()).not.toContainText('WebGPU');
  await expect.poll(() => cellTexts(page)).toEqual(undisturbed);
});
