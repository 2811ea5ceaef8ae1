import { expect, test } from 'vitest';
import { missingPart } from './missing-part.ts';

test.each([
  'Failed to fetch dynamically imported module: https://example.org/assets/race-run-1a2b3c4d.js',
  'error loading dynamically imported module: https://example.org/assets/race-run-1a2b3c4d.js',
  'Importing a module script failed.',
  'Unable to preload CSS for /assets/embed-1a2b3c4d.css',
])('a file of the page that could not be fetched is reported as missing: %s', (message) => {
  expect(missingPart(new TypeError(message))).toMatchObject({ code: 'missing-part' });
});

test('any other error is not a missing file', () => {
  expect(missingPart(new TypeError('x is not a function'))).toBeNull();
  expect(missingPart('dynamically imported module')).toBeNull();
});
