/**
 * A model on disk for the command line: a folder with the layout of a hub repository, or one .onnx
 * file in it. The only file in this directory that needs Node.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { AtlasError } from '../errors.ts';
import { foldersAbove } from './companion-files.ts';
import type { ModelFile, ModelFiles } from './files.ts';
import { READ_LIMITS } from './limits.ts';
import { oneLine } from './one-line.ts';

const MAX_DEPTH = 6;

/**
 * Opens the folder or graph at `path`. Reads only directory entries. Throws `no-file`,
 * `too-many-files`.
 */
export async function nodeFiles(path: string): Promise<ModelFiles> {
  const whole = resolve(path);
  if ((await statOf(whole, path)).isDirectory())
    return {
      ...named(basename(whole)),
      files: await filesUnder(whole),
      other: (at) => fileAt(whole, at),
    };
  const root = await rootOf(dirname(whole));
  const graph = relative(root, whole).split(sep).join('/');
  const files: ModelFile[] = [];
  for (const folder of foldersAbove(graph)) files.push(...(await entriesOf(root, folder)).files);
  return {
    ...named(basename(whole).replace(/\.onnx$/, '')),
    files,
    graph,
    other: (at) => fileAt(root, at),
  };
}

function named(path: string): { id: string; title: string } {
  const name = oneLine(path, READ_LIMITS.name);
  return { id: `files:${name}`, title: name };
}

/**
 * The repository root for a graph in `folder`: the nearest folder with a `.gitattributes`, which
 * every hub repository has. Without one it is the folder above `onnx/`, or the graph's own folder.
 */
async function rootOf(folder: string): Promise<string> {
  for (let at = folder, up = 0; up <= MAX_DEPTH; at = dirname(at), up++) {
    if (
      await stat(join(at, '.gitattributes')).then(
        (s) => s.isFile(),
        () => false,
      )
    )
      return at;
  }
  return basename(folder) === 'onnx' ? dirname(folder) : folder;
}

/**
 * The files of the folder and of its `onnx/`. If none is a graph, also those of the folders below.
 */
async function filesUnder(root: string): Promise<ModelFile[]> {
  const top = await entriesOf(root, '');
  const found = [...top.files, ...(await entriesOf(root, 'onnx/')).files];
  if (found.some((f) => f.path.endsWith('.onnx'))) return found;
  const waiting = top.folders.filter((folder) => folder !== 'onnx/');
  for (let folder; (folder = waiting.shift());) {
    const { files, folders } = await entriesOf(root, folder);
    found.push(...files);
    if (folder.split('/').length <= MAX_DEPTH) waiting.push(...folders);
    if (found.length + waiting.length > READ_LIMITS.files)
      throw new AtlasError('too-many-files', { max: READ_LIMITS.files });
  }
  return found;
}

async function fileAt(root: string, path: string): Promise<ModelFile | null> {
  const info = await stat(join(root, path)).catch(() => null);
  return info?.isFile() ? fileOf(root, path, info.size) : null;
}

const fileOf = (root: string, path: string, bytes: number): ModelFile => ({
  path,
  bytes,
  chunks: () => contentOf(join(root, path), path),
});

/**
 * Files and folders in one folder. Follows links and skips hidden folders, which never belong to a
 * model.
 */
async function entriesOf(
  root: string,
  folder: string,
): Promise<{ files: ModelFile[]; folders: string[] }> {
  const files: ModelFile[] = [];
  const folders: string[] = [];
  for (const name of (await readdir(join(root, folder)).catch(() => [])).sort()) {
    const path = folder + name;
    const info = await stat(join(root, path)).catch(() => null);
    if (info?.isFile()) files.push(fileOf(root, path, info.size));
    else if (info?.isDirectory() && !name.startsWith('.')) folders.push(`${path}/`);
  }
  return { files, folders };
}

async function* contentOf(full: string, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(full, { highWaterMark: 1 << 20 });
  } catch (cause) {
    throw new AtlasError('no-file', { file: path, why: reasonOf(cause) }, { cause });
  }
}

async function statOf(whole: string, path: string) {
  try {
    return await stat(whole);
  } catch (cause) {
    throw new AtlasError('no-file', { file: path.slice(0, 200), why: reasonOf(cause) }, { cause });
  }
}

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  ELOOP: 'its links form a loop',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  ENXIO: 'it is not a file',
  ERR_INVALID_ARG_VALUE: 'it is not a file name',
};

/** The reason of a failed file operation, in words. */
export function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || code || 'it cannot be opened';
}
