/** Models on the local disk. */
import { createReadStream } from 'node:fs';
import { bundledFrom } from '../model/bundled-files.ts';
import type { ModelFiles } from '../model/files.ts';
import { atlas3m } from './bundled.ts';

export { nodeFiles as modelFolder } from '../model/node-files.ts';

/** Atlas 3.5M, a 4-bit decoder of 4.0 MB (CC0), for experiments and tests. */
export const bundledModel = (): ModelFiles =>
  bundledFrom(atlas3m, (path) =>
    createReadStream(new URL(`../../public/models/atlas-3m/${path}`, import.meta.url)),
  );
