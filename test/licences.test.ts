/**
 * Tests that every shipped dependency has a permitted licence. A dependency with another licence
 * needs a decision.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  version?: string;
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  link?: boolean;
}

const ALLOWED = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'Unlicense'];

/** Evaluates licence expressions such as `(A OR B) AND C`. */
const allowed = (licence: string): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((all) => all.split(' OR ').some((one) => ALLOWED.includes(one.trim())));

test('every published package has an allowed licence', () => {
  const { packages } = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../package-lock.json'), 'utf8'),
  ) as { packages: Record<string, Locked> };
  const used = Object.entries(packages).filter(
    ([path, p]) => path !== '' && !p.dev && !p.devOptional && !p.link,
  );
  expect(used.length).toBeGreaterThan(30);
  expect(
    used
      .filter(([, { license }]) => license === undefined || !allowed(license))
      .map(([path, { license }]) => `${path}: ${license}`),
  ).toEqual([]);
});

test('a licence expression is allowed if its parts are', () => {
  expect(
    ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC', '(Apache-2.0 AND BSD-3-Clause)'].map(allowed),
  ).toEqual([true, true, true, true]);
  expect(['GPL-3.0', 'MIT AND GPL-3.0', 'UNLICENSED', ''].map(allowed)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
