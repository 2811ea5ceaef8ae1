/**
 * Locates the reference material (real exports, numbers from PyTorch) next to a checkout. Tests
 * that need it are skipped without it: `describe.skipIf(!hasShared)(…)`.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../../shared');

export const hasShared = existsSync(resolve(root, 'models', 'README.md'));

export const sharedPath = (...parts: string[]) => resolve(root, ...parts);

if (!hasShared)
  console.warn(
    'reference models are not beside this checkout: the tests that need them are skipped',
  );
