/** Tests the library's documentation: every exported name, and the README's example. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

test('every exported name has its documentation', { timeout: 300_000 }, async () => {
  const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc');
  await promisify(execFile)(process.execPath, [typedoc, '--emit', 'none'], { cwd: root });
});

test('the examples are short, and the README shows lines of one of them', () => {
  for (const file of ['node/main.mjs', 'page/main.js'])
    expect(read('examples', file).trim().split('\n').length).toBeLessThanOrEqual(30);
  const example = read('examples', 'node', 'main.mjs').split('\n');
  const shown = /```js\n([^]*?)```/.exec(read('README.md'))?.[1]?.trim().split('\n') ?? [];
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.filter((line) => !example.includes(line))).toEqual([]);
});
