/** Repeats a small measurement on one page to detect growing memory. */
import { readFileSync } from 'node:fs';
import { expect, type CDPSession, type Page } from '@playwright/test';
import { defined } from '../src/checked.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { defaultSpec } from '../src/experiment/schema.ts';
import type { ProviderKind } from '../src/engine/engine.ts';
import { heapParts, type HeapParts } from './heap.ts';
import { median } from './machine.ts';
import type { Site } from './page-browser.ts';

/** Megabytes after a run and garbage collection. */
export interface Sample {
  /** JavaScript heap of the page's main thread. */
  page: number;
  /**
   * Memory of page and worker together, including WebAssembly, as the browser counts it. This takes
   * the browser a minute, so it is measured only after a third of the runs and after the last.
   */
  browser: number | null;
  /** Memory the engine reports: weights, cached activations, workspace, and GPU buffers. */
  engine: number;
  /** Resident memory of the page's process. Null if the system does not report it. */
  resident: number | null;
}

export interface Repeated {
  provider: ProviderKind;
  tokens: string;
  repeats: number;
  runs: number;
  /**
   * Medians over the first and last third of the runs, without the first run, which fills the
   * pools.
   */
  first: Sample;
  last: Sample;
  /** Least-squares slope over all runs except the first, in kilobytes per run. */
  growth: Sample;
  /** The parts of the main thread's heap after a third of the runs and after the last. */
  heap: ({ run: number } & HeapParts)[];
  samples: Sample[];
}

/**
 * Repeats a small experiment, each time after a Reset. On WebGPU the browser's software adapter
 * computes, so that experiment is even smaller.
 */
export async function repeatedRuns(
  site: Site,
  provider: ProviderKind,
  runs: number,
): Promise<Repeated> {
  const gpu = provider === 'webgpu';
  const spec = { ...defaultSpec(), sequences: gpu ? 1 : 2, length: gpu ? 2 : 8 };
  spec.method = { ...spec.method, repeats: gpu ? 1 : 3 };
  const visit = await site.visit(
    await encodeLink(spec),
    ...(gpu ? ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] : []),
  );
  try {
    const { page } = visit;
    const title = page.locator('.status .bold').first();
    const measured = () => expect(title).toHaveText(/^Measured/, { timeout: 300_000 });
    await measured();
    if (gpu) {
      // A software adapter is never chosen automatically.
      const chip = page.locator('.chips .chip').first();
      await chip.click();
      await page.locator('.provider-menu').getByRole('button', { name: 'Use' }).click();
      await expect(chip).toContainText('WebGPU', { timeout: 120_000 });
      await measured();
    }
    const session = await page.context().newCDPSession(page);
    const pid = await rendererOf(await visit.browser.newBrowserCDPSession());
    const samples: Sample[] = [];
    const heap: Repeated['heap'] = [];
    for (let run = 0; run < runs; run++) {
      await page.getByRole('button', { name: 'Reset' }).click();
      await page.getByRole('button', { name: 'Play' }).click();
      await measured();
      const { memory } = await visit.seen();
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      const counted = run === Math.floor(runs / 3) || run === runs - 1;
      samples.push({
        page: megabytes(usedSize),
        browser: counted ? megabytes(await countedByBrowser(page)) : null,
        engine: megabytes(defined(memory).device + defined(memory).heap),
        resident: residentOf(pid),
      });
      if (counted) heap.push({ run: run + 1, ...(await heapParts(session)) });
    }
    const rest = samples.slice(1);
    const third = Math.max(1, Math.floor(rest.length / 3));
    return {
      provider,
      tokens: `${spec.sequences} x ${spec.length}`,
      repeats: spec.method.repeats,
      runs,
      first: each((key) => middle(rest.slice(0, third), key)),
      last: each((key) => middle(rest.slice(-third), key)),
      growth: each((key) => slope(rest, key)),
      heap,
      samples,
    };
  } finally {
    await visit.close();
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e4) / 100;

const countedByBrowser = (page: Page): Promise<number> =>
  page.evaluate(() =>
    (performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> })
      .measureUserAgentSpecificMemory()
      .then(({ bytes }) => bytes),
  );

/** The renderer process of the only page: the one with the most processor time. */
async function rendererOf(browser: CDPSession): Promise<number | null> {
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  return (
    processInfo.filter((p) => p.type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime)[0]?.id ??
    null
  );
}

/** Reads /proc, so it works on Linux only. */
function residentOf(pid: number | null): number | null {
  try {
    return megabytes(
      1024 *
        Number(defined(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')))[1]),
    );
  } catch {
    return null;
  }
}

const each = (of: (key: keyof Sample) => number | null): Sample => ({
  page: defined(of('page')),
  browser: of('browser'),
  engine: defined(of('engine')),
  resident: of('resident'),
});

const known = (samples: readonly Sample[], key: keyof Sample) =>
  samples.flatMap((s, run) => (s[key] === null ? [] : [{ run, value: s[key] }]));

const middle = (samples: readonly Sample[], key: keyof Sample): number | null => {
  const values = known(samples, key).map(({ value }) => value);
  return values.length ? median(values) : null;
};

/** Kilobytes per run. */
function slope(samples: readonly Sample[], key: keyof Sample): number | null {
  const points = known(samples, key);
  const n = points.length;
  if (n < 2) return null;
  const mean = (of: (p: { run: number; value: number }) => number) =>
    points.reduce((sum, p) => sum + of(p), 0) / n;
  const meanRun = mean((p) => p.run);
  const meanValue = mean((p) => p.value);
  return (
    Math.round(
      (1e4 * mean((p) => (p.run - meanRun) * (p.value - meanValue))) /
        mean((p) => (p.run - meanRun) ** 2),
    ) / 10
  );
}
