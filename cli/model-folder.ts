/**
 * Writes a changed model to disk in the layout of a hub repository, with its original config and
 * tokenizer.
 */
import { dirname, join } from 'node:path';
import { readFile } from '../src/model/files.ts';
import type { OpenModel } from '../src/model/repository.ts';
import type { ModelPart } from '../src/onnx/write-model.ts';
import { makeFolder, writeTogether, type OutFile } from './output.ts';

/**
 * Writes `files` one at a time as they are produced, then copies `companionFiles`. Returns the
 * bytes written by path. The graph is replaced last, so it is never next to files of another
 * model. Throws `usage`.
 */
export async function writeModelFolder(
  folder: string,
  files: AsyncIterable<ModelPart> | Iterable<ModelPart>,
  { companionFiles }: Pick<OpenModel, 'companionFiles'>,
): Promise<Map<string, number>> {
  const written = new Map<string, number>();
  async function* parts(): AsyncGenerator<OutFile> {
    for await (const { name, bytes, chunks } of files) yield await part(name, bytes, chunks);
    for (const file of companionFiles)
      yield await part(file.path, file.bytes, [await readFile(file)]);
  }
  const part = async (
    name: string,
    bytes: number,
    content: readonly Uint8Array[],
  ): Promise<OutFile> => {
    const path = join(folder, name);
    await makeFolder(dirname(path));
    written.set(path, bytes);
    return { path, content };
  };
  await writeTogether(parts(), { leads: (path) => path.endsWith('.onnx') });
  return written;
}
