/** A changed model on disk, laid out like a hub repository: what was made, and beside it the config and tokenizer it came with. */
import { dirname, join } from 'node:path';
import { readFile } from '../src/model/files.ts';
import type { OpenModel } from '../src/model/repository.ts';
import type { ModelPart } from '../src/onnx/write-model.ts';
import { makeFolder } from './adapter-files.ts';
import { writeBytes } from './disk.ts';

/** Writes `files`, one at a time as they are made, then what stands beside the graph; gives the bytes written by path. Throws `usage`. */
export async function writeModelFolder(folder: string, files: AsyncIterable<ModelPart> | Iterable<ModelPart>, { beside }: Pick<OpenModel, 'beside'>): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  const write = async ({ name, bytes, chunks }: ModelPart) => {
    const path = join(folder, name);
    await makeFolder(dirname(path));
    await writeBytes(path, chunks);
    written.set(path, bytes);
  };
  for await (const file of files) await write(file);
  for (const file of beside) await write({ name: file.path, bytes: file.bytes, chunks: [await readFile(file)] });
  return written;
}
