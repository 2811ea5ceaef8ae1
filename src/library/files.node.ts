/** Models on the local disk. */
import { createReadStream } from 'node:fs';
import * as z from 'zod/mini';
import { bundledFrom } from '../model/bundled-files.ts';
import type { ModelFiles } from '../model/files.ts';
import { nodeFiles } from '../model/node-files.ts';
import { atlas3m } from './bundled.ts';
import { parsedArguments } from './options.ts';

/**
 * Opens the folder or graph at `path`. Reads only directory entries. Throws `bad-argument`,
 * `no-file`, `too-many-files`.
 */
export async function modelFolder(path: string): Promise<ModelFiles> {
  parsedArguments(z.object({ path: z.string() }), { path });
  return nodeFiles(path);
}

/** Atlas 3.5M, a 4-bit decoder of 4.0 MB (CC0), for experiments and tests. */
export const bundledModel = (): ModelFiles =>
  bundledFrom(atlas3m, (path) =>
    createReadStream(new URL(`../../public/models/atlas-3m/${path}`, import.meta.url)),
  );
