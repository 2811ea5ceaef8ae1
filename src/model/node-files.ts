/**
 * A model on disk: a folder laid out like a hub repository, or one .onnx file in it. For the command line; the only
 * file of this room that needs Node.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AtlasError } from '../errors.ts';
import type { ModelFile, ModelFiles } from './files.ts';

/** `path` names a folder or a graph. Nothing is read but directory entries. Throws `no-file`. */
export async function nodeFiles(path: string): Promise<ModelFiles> {
  const whole = resolve(path);
  if ((await statOf(whole, path)).isDirectory()) return { ...named(basename(whole)), files: await filesIn(whole), other: (at) => fileAt(whole, at) };
  const inOnnx = basename(dirname(whole)) === 'onnx'; // then config.json and tokenizer.json are one up
  const root = inOnnx ? dirname(dirname(whole)) : dirname(whole);
  const graph = inOnnx ? `onnx/${basename(whole)}` : basename(whole);
  return { ...named(basename(whole).replace(/\.onnx$/, '')), files: await filesIn(root), graph, other: (at) => fileAt(root, at) };
}

const named = (name: string) => ({ id: `files:${name}`, title: name });

/** The files of the folder itself and of its `onnx/`, links followed. */
async function filesIn(root: string): Promise<ModelFile[]> {
  const found: ModelFile[] = [];
  for (const folder of ['', 'onnx/']) {
    for (const name of await readdir(join(root, folder)).catch(() => [])) {
      const file = await fileAt(root, folder + name);
      if (file) found.push(file);
    }
  }
  return found;
}

async function fileAt(root: string, path: string): Promise<ModelFile | null> {
  const full = join(root, path), info = await stat(full).catch(() => null);
  return info?.isFile() ? { path, bytes: info.size, chunks: () => contentOf(full, path) } : null;
}

async function* contentOf(full: string, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(full, { highWaterMark: 1 << 20 });
  } catch (cause) {
    throw new AtlasError('no-file', { file: path, why: (cause as NodeJS.ErrnoException).code ?? 'unreadable' }, { cause });
  }
}

async function statOf(whole: string, path: string) {
  try {
    return await stat(whole);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AtlasError('no-file', { file: path, why: code === 'ENOENT' ? 'it does not exist' : code ?? 'unreadable' }, { cause });
  }
}
