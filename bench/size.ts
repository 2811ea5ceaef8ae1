/**
 * Measures the project's own JavaScript in a build, gzipped. The runtime's files are not counted.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { defined, elementAt } from '../src/checked.ts';

interface Sizes {
  total: number;
  parts: { name: string; kilobytes: number }[];
}

/** Kilobytes of all files, or of those that `counted` accepts by name. Null without a build. */
export function javaScriptSizes(counted: (file: string) => boolean = () => true): Sizes | null {
  const assets = resolve(import.meta.dirname, '..', process.env.DIST ?? 'dist', 'assets');
  if (!existsSync(assets)) return null;
  const parts = readdirSync(assets)
    .filter((f) => f.endsWith('.js') && !/^ort\./.test(f) && counted(f))
    .map((f) => ({
      name: f.replace(/-[\w-]{8}\.js$/, ''),
      kilobytes:
        Math.round(gzipSync(readFileSync(resolve(assets, f)), { level: 9 }).length / 100) / 10,
    }))
    .sort((a, b) => b.kilobytes - a.kilobytes);
  return { total: Math.round(10 * parts.reduce((sum, p) => sum + p.kilobytes, 0)) / 10, parts };
}

/** The files that a page and its worker have downloaded so far. */
export async function fetchedSizes(page: Page): Promise<Sizes | null> {
  // Files that the page prefetches while idle, after the first run, are not counted.
  const rest = await page.evaluate(
    () =>
      performance.timeOrigin +
      (performance.getEntriesByName('rank-atlas:rest')[0]?.startTime ?? Infinity),
  );
  const before = (until: number) =>
    performance
      .getEntriesByType('resource')
      .filter((e) => performance.timeOrigin + e.startTime < until)
      .map((e) => e.name);
  const fetched = await page.evaluate(before, rest);
  // The runtime's own threads block in a WebAssembly wait and never answer.
  const engine = defined(page.workers().find((w) => w.url().includes('engine.worker')));
  fetched.push(engine.url(), ...(await engine.evaluate(before, rest)));
  const names = new Set(fetched.map((url) => elementAt(url.split('/'), -1)));
  return javaScriptSizes((file) => names.has(file));
}
