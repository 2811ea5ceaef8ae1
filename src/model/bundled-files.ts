/**
 * Models that ship with the page, under `models/`. `models/index.json` lists them with their sizes.
 */
import { AtlasError } from '../errors.ts';
import { streamChunks, type ModelFiles } from './files.ts';

export interface BundledModel {
  id: string;
  title: string;
  /** Relative to `models/`. */
  folder: string;
  files: { path: string; bytes: number }[];
}

/** The models that ship with the page at `base` (ends in a slash). Throws `no-file`. */
export async function bundledModels(base: string): Promise<BundledModel[]> {
  const response = await request(new URL('models/index.json', base), 'models/index.json');
  return (await response.json()) as BundledModel[];
}

/** The files of one bundled model. Contents are fetched when read. Throws `no-file`. */
export async function bundledFiles(base: string, id: string): Promise<ModelFiles> {
  const model = (await bundledModels(base)).find((m) => m.id === id);
  if (!model)
    throw new AtlasError('no-file', {
      file: `bundled:${id}`,
      why: 'there is no bundled model with this name',
    });
  const folder = new URL(`models/${model.folder}/`, base);
  return bundledFrom(model, (path) => fetchChunks(new URL(path, folder), path));
}

/** The files of a listed model. `chunks` reads the file at a path. */
export const bundledFrom = (
  { id, title, files }: Omit<BundledModel, 'folder'>,
  chunks: (path: string) => AsyncIterable<Uint8Array>,
): ModelFiles => ({
  id: `bundled:${id}`,
  title,
  files: files.map(({ path, bytes }) => ({ path, bytes, chunks: () => chunks(path) })),
});

/** Fetches a file when it is read. `file` names it in errors. Throws `no-file`. */
export async function* fetchChunks(url: URL, file: string): AsyncIterable<Uint8Array> {
  const { body } = await request(url, file);
  if (body) yield* streamChunks(body);
}

async function request(url: URL, file: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new AtlasError('no-file', { file, why: 'no connection' }, { cause });
  }
  if (!response.ok)
    throw new AtlasError('no-file', { file, why: `the server responded with ${response.status}` });
  return response;
}
