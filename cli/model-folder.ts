/** A changed model on disk, laid out like a hub repository: what was made, and beside it the config and tokenizer it came with. */
import { dirname, join } from 'node:path';
import { readFile } from '../src/model/files.ts';
import type { OpenModel } from '../src/model/repository.ts';
import { makeFolder } from './adapter-files.ts';
import { writeBytes } from './disk.ts';

/** Writes `files`, one at a time as they are made, then what stands beside the graph; gives the bytes written by path. Throws `usage`. */
export async function writeModelFolder(folder: string, files: AsyncIterable<readonly [name: string, bytes: Uint8Array]> | Iterable<readonly [name: string, bytes: Uint8Array]>, { beside }: Pick<OpenModel, 'beside'>): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  const write = async (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    await makeFolder(dirname(path));
    await writeBytes(path, bytes);
    written.set(path, bytes.length);
  };
  for await (const [name, bytes] of files) await write(name, bytes);
  for (const file of beside) await write(file.path, await readFile(file));
  return written;
}
