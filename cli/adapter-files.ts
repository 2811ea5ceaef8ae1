/**
 * Reads and writes PEFT adapters on disk. An adapter is a directory, a zip, or a directory in a zip
 * (`out.zip/checkpoint-2`).
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defined } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import {
  adapterPair,
  CONFIG_FILE,
  filesIn,
  isAdapterFile,
  WEIGHTS_FILE,
} from '../src/adapters/peft-files.ts';
import { storedZip } from '../src/adapters/stored-zip.ts';
import { READ_LIMITS } from '../src/model/limits.ts';
import { reasonOf } from '../src/model/node-files.ts';
import { unzipped, zipEntries, type ZipEntry } from '../src/model/zip.ts';
import { readBytes } from './disk.ts';
import { makeFolder, writeBytes, writeTogether } from './output.ts';

export interface AdapterBytes {
  config: Uint8Array;
  weights: Uint8Array;
}

const isZip = (path: string): boolean => /\.zip$/i.test(path);

/**
 * Reads the two files of the top-most adapter. Throws `no-file` and the errors of `adapterPair`.
 */
export async function readAdapter(path: string): Promise<AdapterBytes> {
  const zip = await zipAt(path);
  if (zip) return fromZip(path, zip);
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory())
    throw new AtlasError('no-file', {
      file: path,
      why: found ? 'an adapter is a folder or a zip' : 'it does not exist',
    });
  const { config, weights } = adapterPair(await adapterFiles(path), path, (folder) =>
    join(path, folder),
  );
  return {
    config: await readBytes(join(path, config.path), READ_LIMITS.adapterConfig),
    weights: await readBytes(join(path, weights.path), READ_LIMITS.adapter),
  };
}

interface ZipPlace {
  file: string;
  folder: string;
}

/** The zip file in a path and the directory inside it, or null if the path contains no zip. */
async function zipAt(path: string): Promise<ZipPlace | null> {
  for (const { index } of path.matchAll(/\.zip(?=[/\\]|$)/gi)) {
    const file = path.slice(0, index + '.zip'.length);
    if (!(await stat(file).catch(() => null))?.isFile()) continue;
    return { file, folder: path.slice(file.length).split(/[/\\]/).filter(Boolean).join('/') };
  }
  return null;
}

async function fromZip(path: string, { file, folder }: ZipPlace): Promise<AdapterBytes> {
  const content = new Uint8Array(await readBytes(file, READ_LIMITS.adapter));
  const unreadable = (error: unknown) =>
    new AtlasError('no-file', { file, why: (error as Error).message }, { cause: error });
  let entries: ZipEntry[];
  try {
    entries = zipEntries(content);
  } catch (error) {
    throw unreadable(error);
  }
  const pair = adapterPair(filesIn(entries, folder), path, (inner) =>
    [path.replace(/[/\\]+$/, ''), inner].filter(Boolean).join('/'),
  );
  try {
    return {
      config: unzipped(pair.config, READ_LIMITS.adapterConfig),
      weights: unzipped(pair.weights, READ_LIMITS.adapter),
    };
  } catch (error) {
    throw unreadable(error);
  }
}

/**
 * Paths of the adapter files in a directory and its subdirectories, relative to `root`. If the
 * directory itself holds both files, only its files are returned. Throws `no-file` and
 * `too-many-files`.
 */
async function adapterFiles(root: string): Promise<{ path: string }[]> {
  const found: { path: string }[] = [];
  const waiting = [''];
  let seen = 0;
  for (let folder; (folder = waiting.shift()) !== undefined;) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(
      (cause: NodeJS.ErrnoException) => {
        throw new AtlasError(
          'no-file',
          { file: join(root, defined(folder)), why: reasonOf(cause) },
          { cause },
        );
      },
    );
    seen += entries.length;
    const names = entries.filter((e) => !e.isDirectory()).map((e) => e.name);
    found.push(
      ...names
        .filter(isAdapterFile)
        .map((name) => ({ path: folder === '' ? name : `${folder}/${name}` })),
    );
    if (folder === '' && names.includes(CONFIG_FILE) && names.includes(WEIGHTS_FILE)) return found;
    if (seen > READ_LIMITS.files)
      throw new AtlasError('too-many-files', { max: READ_LIMITS.files });
    waiting.push(
      ...entries
        .filter((e) => e.isDirectory())
        .map((e) => (folder === '' ? e.name : `${folder}/${e.name}`)),
    );
  }
  return found;
}

/**
 * Writes an adapter to a zip or a directory, depending on the extension. Both files are replaced
 * together, so old and new never mix. Throws `usage` and `large-zip`.
 */
export async function writeAdapter(
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  if (isZip(path)) return writeBytes(path, await storedZip(Object.fromEntries(files), path));
  await makeFolder(path);
  await writeTogether(
    [...files].map(([name, content]) => ({ path: join(path, name), content })),
    { leads: (file) => basename(file) === CONFIG_FILE },
  );
}

/** Whether an argument names an adapter and not a result file. */
export const isAdapter = async (path: string): Promise<boolean> =>
  isZip(path) ||
  (await zipAt(path)) !== null ||
  (await stat(path).catch(() => null))?.isDirectory() === true;
