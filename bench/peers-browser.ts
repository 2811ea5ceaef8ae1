/**
 * `npm run bench:peers:browser [-- --turns 7]`: measures the training step of `bench:peers` in
 * Chromium, where jax-js also has threads. Both libraries run alternately on one page with
 * isolation headers. Prints and writes the figures.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { build, preview } from 'vite';
import { defined, elementAt } from '../src/checked.ts';
import { findChromium, howToGetChromium } from '../tools/chromium.mjs';
import { browserTime } from './page-browser.ts';
import { reportPeers, type Step } from './peers/report.ts';
import { size } from './peers/size.ts';

const turns = Number(
  parseArgs({ options: { turns: { type: 'string', default: '7' } } }).values.turns,
);
const root = resolve(import.meta.dirname, 'peers/browser');
const outDir = mkdtempSync(join(tmpdir(), 'rank-atlas-peers-'));
const executablePath = findChromium();
if (!executablePath) throw new Error(howToGetChromium);
await build({
  root,
  configFile: false,
  base: './',
  logLevel: 'error',
  publicDir: resolve(import.meta.dirname, '../public'),
  worker: { format: 'es' },
  build: { outDir, target: 'es2022', chunkSizeWarningLimit: 5000 },
});
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const server = await preview({
  root,
  configFile: false,
  logLevel: 'error',
  build: { outDir },
  preview: { port: 0, headers },
});
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage();
page.on('pageerror', (error) => {
  throw error;
});
await page.goto(elementAt(defined(server.resolvedUrls).local, 0));

type Page = typeof globalThis & {
  begin(s: typeof size): Promise<object>;
  step(name: string): Promise<Omit<Step, 'processorMilliseconds'>>;
};
const names = ['ours', 'jaxJs'] as const;
const steps: Record<(typeof names)[number], Step[]> = { ours: [], jaxJs: [] };
const where = await page.evaluate((s) => (globalThis as Page).begin(s), size);
for (let turn = -2; turn < turns; turn++) {
  for (const name of names) {
    const before = await browserTime(browser);
    const step = await page.evaluate((n) => (globalThis as Page).step(n), name);
    // The first two turns build sessions and kernels.
    if (turn >= 0)
      steps[name].push({
        ...step,
        processorMilliseconds: 1000 * ((await browserTime(browser)) - before),
      });
  }
}
await browser.close();
await server.close();
rmSync(outDir, { recursive: true });

reportPeers('peers-browser.json', steps, where);
process.exit(0);
