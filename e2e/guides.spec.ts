/**
 * Follows the guides in `docs/guides/` in one copy of the repository. The copy compiles, commands
 * print what was added, and the page, links and checkpoint keys include the added study.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { preview } from 'vite';
import { defined, elementAt } from '../src/checked.ts';
import { follow } from '../test/guide.ts';
import { title } from './page.ts';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);

let copy: string;

test.describe.configure({ mode: 'serial' });

test.beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'rank-atlas-guides-'));
  for (const part of ['src', 'cli', 'shaders', 'test', 'tools'])
    cpSync(join(root, part), join(copy, part), {
      recursive: true,
      filter: (path) => !/\.test\.tsx?$|[\\/](golden|fixtures)/.test(path),
    });
  for (const path of [
    'package.json',
    'vite.config.ts',
    'index.html',
    'src/compiler/gradient/gradient.test.ts',
    'test/fixtures/added-study',
    'test/fixtures/dummy-method',
  ])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  for (const folder of ['node_modules', 'public'])
    symlinkSync(join(root, folder), join(copy, folder), 'dir');
  const config = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  writeFileSync(
    join(copy, 'tsconfig.json'),
    JSON.stringify({ ...config, include: ['src', 'cli'], exclude: [] }),
  );
});

test.afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Runs a program of the copy with Node and returns its stdout. */
const node = async (...args: string[]) =>
  (await run(process.execPath, args, { cwd: copy, env: { ...process.env, NO_COLOR: '1' } })).stdout;

test('add a study: the command line runs it, and its test of resuming passes', () => {
  const [, table, tested] = follow('add-a-study', copy);
  expect(table).toMatch(/^layer +size\n(\d +\d+\n){8}$/);
  const edges = JSON.parse(readFileSync(join(copy, 'sizes.json'), 'utf8')) as { sizes: number[] };
  expect(edges.sizes).toHaveLength(8);
  expect(tested).toMatch(/Test Files +1 passed/);
});

test('add an importance method: it is compared, and measured on the map', () => {
  const output = defined(follow('add-an-importance-method', copy).at(-1));
  expect(output).toMatch(/^weight size +[\d.]+ s +\S+ +1\.000$/m);
  expect(output).toMatch(/^model\.layers\.7\.mlp\.down_proj +8 +0 /m);
});

for (const guide of ['add-an-operator-gradient', 'add-a-model-family'])
  test(`${guide.replaceAll('-', ' ')}: its unit test passes`, () => {
    expect(follow(guide, copy).at(-1)).toMatch(/Test Files +1 passed/);
  });

test('the copy with the added study type-checks', async () => {
  await node('node_modules/typescript/bin/tsc', '--noEmit');
});

test('the page has its tab and its preset, and a link opens it', async ({ page }) => {
  await node('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'error');
  const server = await preview({ root: copy, logLevel: 'error', preview: { port: 0 } });
  try {
    const url = elementAt(defined(server.resolvedUrls).local, 0);
    const link = (
      await node(
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `import { encodeLink } from './src/experiment/link.ts';
         import { presetSpec } from './src/experiment/schema.ts';
         const spec = { ...presetSpec('sizes'), sizes: { count: 'edges' } };
         console.log(await encodeLink({ ...spec, sequences: 1, length: 4 }));`,
      )
    ).trim();
    await page.goto(`${url}${link}`);
    await expect(page.getByRole('tab', { name: 'Sizes' })).toHaveAttribute('aria-selected', 'true');
    await expect(
      page.locator('#preset option', { hasText: 'How large are the layers?' }),
    ).toBeAttached();
    await expect(title(page)).toHaveText('Nothing counted yet');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await expect(title(page)).toHaveText('Counted');
    await expect(page.locator('.sizes li')).toHaveCount(8);
    const edges = await page.locator('.sizes li').first().textContent();
    expect(Number(edges)).toBeGreaterThan(0);
    expect(Number(edges)).toBeLessThan(10_000);
  } finally {
    await server.close();
  }
});

test('checkpoints have a key of its settings', async () => {
  const output = await node(
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    `import { checkpointKey } from './src/studies/checkpoint.ts';
     import { defaultSpec } from './src/experiment/schema.ts';
     import { setByPath } from './src/experiment/settings.ts';
     const spec = defaultSpec();
     const edges = setByPath(spec, 'sizes.count', 'edges');
     const keys = ['sizes', 'race'].flatMap((study) =>
       [spec, edges].map((s) => checkpointKey(study, s, 'hash', '1')));
     console.log(JSON.stringify(keys));`,
  );
  const [own, other, race, raceToo] = JSON.parse(output) as string[];
  expect(own).not.toBe(other);
  expect(race).toBe(raceToo);
});
