/**
 * Where the files that tests read are: tiny exports, PyTorch's numbers for them, malformed files.
 * `test/fixtures/README.md` says how each was made.
 */
import { resolve } from 'node:path';

export const fixturePath = (...parts: string[]) =>
  resolve(import.meta.dirname, 'fixtures', ...parts);
