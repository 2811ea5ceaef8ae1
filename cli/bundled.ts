/** Reads the models and texts that ship with the page from `public/` of the checkout. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AtlasError } from '../src/errors.ts';
import type { ModelFiles } from '../src/model/files.ts';
import { nodeFiles } from '../src/model/node-files.ts';

const publicFolder = resolve(fileURLToPath(import.meta.url), '../../public');

async function listed<T extends { id: string }>(index: string, id: string): Promise<T> {
  const entries = JSON.parse(await readFile(resolve(publicFolder, index), 'utf8')) as T[];
  const found = entries.find((e) => e.id === id);
  if (!found)
    throw new AtlasError('usage', {
      why: `there is no bundled "${id}" (available: ${entries.map((e) => e.id).join(', ')})`,
    });
  return found;
}

/**
 * Takes `id` without `bundled:`. The id in the result has the prefix, as on the page, so results
 * match.
 */
export async function bundledModel(id: string): Promise<ModelFiles> {
  const { folder, title } = await listed<{ id: string; folder: string; title: string }>(
    'models/index.json',
    id,
  );
  return {
    ...(await nodeFiles(resolve(publicFolder, 'models', folder))),
    id: `bundled:${id}`,
    title,
  };
}

export async function bundledText(id: string): Promise<string> {
  const { file } = await listed<{ id: string; file: string }>('texts/index.json', id);
  return readFile(resolve(publicFolder, 'texts', file), 'utf8');
}

/** Reads a file that ships with the product, by its path below `public/`. Throws `no-file`. */
export const bundledFile = (path: string): Promise<string> =>
  readFile(resolve(publicFolder, path), 'utf8').catch((cause: unknown) => {
    throw new AtlasError(
      'no-file',
      { file: path, why: 'no such file comes with Rank Atlas' },
      { cause },
    );
  });
