/** A PEFT adapter on disk: a folder with its two files, or one zip of them. */
import { mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';
import { AtlasError } from '../src/errors.ts';
import { CONFIG_FILE } from '../src/experiment/peft-config.ts';
import { WEIGHTS_FILE } from '../src/experiment/peft.ts';
import { storedZip } from '../src/experiment/stored-zip.ts';
import { reasonOf } from '../src/model/node-files.ts';
import { readBytes, writeBytes } from './disk.ts';

/** An adapter beyond this is none of a model that runs here. */
const MOST_BYTES = 1e9;

export const isZip = (path: string): boolean => /\.zip$/i.test(path);

/** The two files, wherever in a zip they lie. Throws `no-file`. */
export async function readAdapter(path: string): Promise<{ config: Uint8Array; weights: Uint8Array }> {
  if (!isZip(path)) return { config: await readBytes(join(path, CONFIG_FILE)), weights: await readBytes(join(path, WEIGHTS_FILE)) };
  const files = unzipped(path, await readBytes(path));
  const [config, weights] = [CONFIG_FILE, WEIGHTS_FILE].map((name) => {
    const found = files.get(name);
    if (!found) throw new AtlasError('no-file', { file: name, why: `${path} does not hold it` });
    return found;
  }) as [Uint8Array, Uint8Array];
  return { config, weights };
}

function unzipped(path: string, bytes: Uint8Array): Map<string, Uint8Array> {
  try {
    // Sizes are as the zip declares them: checked before anything is unpacked.
    const files = unzipSync(bytes, { filter: ({ name, originalSize }) => [CONFIG_FILE, WEIGHTS_FILE].includes(basename(name)) && originalSize <= MOST_BYTES });
    return new Map(Object.entries(files).map(([name, content]) => [basename(name), content]));
  } catch (cause) {
    throw new AtlasError('no-file', { file: path, why: 'it is no zip file that can be read' }, { cause });
  }
}

/** Into a zip or a folder, as the name says. Throws `usage`, `large-zip`. */
export async function writeAdapter(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if (isZip(path)) return writeBytes(path, await storedZip(Object.fromEntries(files), path));
  await makeFolder(path);
  for (const [name, bytes] of files) await writeBytes(join(path, name), bytes);
}

/** Throws `usage`. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('usage', { why: `${path.slice(0, 200)} cannot be made (${reasonOf(cause)})` }, { cause });
  });
}

/** Whether an argument is an adapter rather than a result file. */
export const isAdapter = async (path: string): Promise<boolean> => isZip(path) || (await stat(path).catch(() => null))?.isDirectory() === true;
