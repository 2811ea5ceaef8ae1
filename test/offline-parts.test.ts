/**
 * Tests that studies work offline: every dynamic import of the worker's code is prefetched
 * (`worker/study-parts.ts`) or is listed here with a reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { defined } from '../src/checked.ts';

const src = resolve(import.meta.dirname, '../src');

/** Imports that are not prefetched, with the reason. */
const exempt: [RegExp, string][] = [
  [/^(state|ui|words)\//, 'the page fetches its own parts (parts/lazy-part.tsx)'],
  [/\/report\.ts$/, 'the page fetches them, for links (ui/fetch-rest.ts)'],
  [/webgpu-|study-shaders|compiler\/unsigned/, 'of a GPU, which may come or not'],
  [/compiler\/short\.ts$|short-original/, 'opens large exports, which are fetched themselves'],
  [/^runtime\/ort\.node\.ts$/, 'Node alone'],
  [/opfs-store|study-parts/, 'keeps models that are fetched; the list itself'],
  [
    /^(studies|methods)\/.*\/(run|state|verdict|need|base-share|other-entries|[a-z-]+\.run)\.ts$/,
    'code(), need(), share()',
  ],
];

test('files that studies load while they run are fetched in advance', () => {
  const listed = readFileSync(join(src, 'worker/study-parts.ts'), 'utf8');
  const missing: string[] = [];
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!/\.tsx?$/.test(file) || /\.test\.|test-backends/.test(file)) continue;
    const text = readFileSync(join(src, file), 'utf8');
    for (const [, path] of text.matchAll(/import\(\s*'(\.[^']+)'\s*,?\s*\)/g)) {
      const target = normalize(join(dirname(file), defined(path)));
      const known = exempt.some(([rule]) => rule.test(target) || rule.test(file));
      if (!known && !listed.includes(`/${target.replace(/^worker\//, '')}'`))
        missing.push(`${file} → ${target}`);
    }
  }
  expect(missing).toEqual([]);
});
