/** The small model that comes with the package, wherever its files are read. */
import listed from '../../public/models/index.json' with { type: 'json' };
import { defined } from '../checked.ts';
import type { ModelFiles } from '../model/files.ts';

/** `chunks` gives a file's content by its path. */
export function bundledFrom(chunks: (path: string) => AsyncIterable<Uint8Array>): ModelFiles {
  const { id, title, files } = defined(listed[0]);
  return {
    id: `bundled:${id}`,
    title,
    files: files.map(({ path, bytes }) => ({ path, bytes, chunks: () => chunks(path) })),
  };
}
