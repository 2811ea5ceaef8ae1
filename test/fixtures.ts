/**
 * Locates the files that tests read: tiny exports, PyTorch's numbers for them, malformed files.
 * `test/fixtures/README.md` describes how each was made.
 */
import { resolve } from 'node:path';

export const fixturePath = (...parts: string[]) =>
  resolve(import.meta.dirname, 'fixtures', ...parts);
