/** The small model that is part of the package, independent of how its files are read. */
import listed from '../../public/models/index.json' with { type: 'json' };
import { defined } from '../checked.ts';
import type { ModelFiles } from '../model/files.ts';

/** `chunks` reads the file at a path. */
export function bundledFrom(chunks: (path: string) => AsyncIterable<Uint8Array>): ModelFiles {
  const { id, title, files } = defined(listed[0]);
  return {
    id: `bundled:${id}`,
    title,
    files: files.map(({ path, bytes }) => ({ path, bytes, chunks: () => chunks(path) })),
  };
}
