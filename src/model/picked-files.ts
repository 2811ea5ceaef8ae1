/**
 * Files picked or dropped in a browser: a folder with the layout of a hub repository, or loose
 * files. They are read in place and never leave the machine.
 */
import { AtlasError } from '../errors.ts';
import { streamChunks, type ModelFiles } from './files.ts';
import { READ_LIMITS } from './limits.ts';
import { oneLine } from './one-line.ts';

export interface PickedFile {
  path: string;
  file: File;
}

/** From `<input type="file">`, with or without `webkitdirectory`. */
export function filesFromPicker(list: Iterable<File>): PickedFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/**
 * From a drop, including files in folders. Call it within the drop event: the list is empty
 * afterwards. Throws `too-many-files`.
 */
export async function filesFromDrop(items: Iterable<DataTransferItem>): Promise<PickedFile[]> {
  const waiting = Array.from(items, (item) => item.webkitGetAsEntry()).filter(
    (entry) => entry !== null,
  );
  const found: PickedFile[] = [];
  for (let entry; (entry = waiting.shift());) {
    if (waiting.length + found.length > READ_LIMITS.files)
      throw new AtlasError('too-many-files', { max: READ_LIMITS.files });
    if (entry.isDirectory) waiting.push(...(await entriesOf(entry as FileSystemDirectoryEntry)));
    else
      found.push({
        path: entry.fullPath.replace(/^\//, ''),
        file: await fileOf(entry as FileSystemFileEntry),
      });
  }
  return found;
}

/** A call of `readEntries` returns at most a hundred entries; an empty result marks the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
    if (all.length > READ_LIMITS.files)
      throw new AtlasError('too-many-files', { max: READ_LIMITS.files });
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/**
 * The model in these files. `chosen`: path of the graph if there are several. The model is named
 * after the common folder; loose files are named after the graph.
 */
export function pickedFiles(picked: readonly PickedFile[], chosen?: string): ModelFiles {
  const folders = new Set(
    picked.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')),
  );
  const [folder = ''] = folders;
  const shared = folders.size === 1 && folder !== '' && folder !== 'onnx' ? folder : '';
  const graph = picked.find(({ path }) => path.endsWith('.onnx'));
  const name = oneLine(
    shared || graph?.path.replace(/^.*\//, '').replace(/\.onnx$/, '') || 'model',
    READ_LIMITS.name,
  );
  return {
    id: `files:${name}`,
    title: name,
    files: picked.map(({ path, file }) => ({
      path: shared ? path.slice(shared.length + 1) : path,
      bytes: file.size,
      chunks: () => contentOf(file),
    })),
    ...(chosen !== undefined && { graph: chosen }),
  };
}

async function* contentOf(file: File): AsyncGenerator<Uint8Array> {
  try {
    yield* streamChunks(file.stream());
  } catch (cause) {
    // moved, changed or no longer permitted since it was picked
    throw new AtlasError(
      'no-file',
      { file: file.name, why: 'it changed or can no longer be opened' },
      { cause },
    );
  }
}
