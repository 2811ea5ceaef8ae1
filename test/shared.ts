/**
 * Locates SmolLM2-135M and its reference numbers, which are too large for the repository, in a
 * directory `shared` next to the checkout. Tests that need them are skipped without it:
 * `describe.skipIf(!hasShared)(…)`.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../../shared');

export const hasShared = existsSync(resolve(root, 'models', 'README.md'));

export const sharedPath = (...parts: string[]) => resolve(root, ...parts);

if (!hasShared)
  console.warn('SmolLM2-135M is not next to this checkout: the tests that need it are skipped');
