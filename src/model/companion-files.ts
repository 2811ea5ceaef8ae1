/**
 * Selects the small files that belong to a graph: those in its own folder, else in the nearest
 * folder above it, up to the repository's root. Files of one set come from one folder, so that
 * tokenizers of two models never mix.
 */
import { defined } from '../checked.ts';

/** The first file of each set identifies the folder; the others are useless without it. */
const SETS = [
  ['config.json', 'generation_config.json'],
  [
    'tokenizer.json',
    'tokenizer_config.json',
    'special_tokens_map.json',
    'added_tokens.json',
    'vocab.json',
    'merges.txt',
    'chat_template.jinja',
  ],
] as const;

/** Files that an export needs in its folder so that other programs can load it. */
const COMPANION_FILES: readonly string[] = SETS.flat();

/** Describes the folder of one graph. */
const GENAI = 'genai_config.json';

/**
 * The folder of a path and those above it: `a/b/model.onnx` gives `a/b/`, `a/` and the root, an
 * empty string.
 */
export function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    folders.push(path.slice(0, end + 1));
  return [...folders, ''];
}

/** The files that belong to the graph at path `graph`, by name. Does not read `files`. */
export function companionFilesOf<F extends { path: string }>(
  files: readonly F[],
  graph: string,
): Map<string, F> {
  const folders = foldersAbove(graph);
  const at = new Map(files.map((file) => [file.path, file]));
  const found = new Map<string, F>();
  for (const names of SETS) {
    const folder =
      folders.find((f) => at.has(f + names[0])) ??
      folders.find((f) => names.some((name) => at.has(f + name)));
    if (folder === undefined) continue;
    for (const name of names) {
      const file = at.get(folder + name);
      if (file) found.set(name, file);
    }
  }
  return found;
}

/**
 * Files of a repository that a model can need: graphs, files in their folders, and files that
 * belong to them in the folders above.
 */
export function modelFilesOf<F extends { path: string }>(files: readonly F[]): F[] {
  const own = new Set<string>();
  const above = new Set<string>(['']);
  for (const { path } of files.filter((f) => f.path.endsWith('.onnx'))) {
    const [folder, ...rest] = foldersAbove(path);
    own.add(defined(folder));
    for (const one of rest) above.add(one);
  }
  return files.filter(({ path }) => {
    const end = path.lastIndexOf('/') + 1;
    const folder = path.slice(0, end);
    const name = path.slice(end);
    return (
      own.has(folder) || (above.has(folder) && (COMPANION_FILES.includes(name) || name === GENAI))
    );
  });
}

/**
 * A graph, its files and their total size. External weight files are recognised by the exporters'
 * naming convention.
 */
export interface GraphFile<F> {
  graph: string;
  bytes: number;
  parts: readonly F[];
}

/** All graphs, smallest first. */
export function graphsIn<F extends { path: string; bytes: number }>(
  files: readonly F[],
): GraphFile<F>[] {
  const graphs = files
    .filter((f) => f.path.endsWith('.onnx'))
    .map(({ path: graph }): GraphFile<F> => {
      const parts = files.filter(
        (f) =>
          f.path === graph ||
          f.path.startsWith(`${graph}_data`) ||
          f.path.startsWith(`${graph}.data`),
      );
      return { graph, bytes: parts.reduce((sum, f) => sum + f.bytes, 0), parts };
    });
  return graphs.sort((a, b) => a.bytes - b.bytes);
}
