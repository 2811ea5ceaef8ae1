/**
 * Which of a model's small files belong to a graph, whatever the source: those in its own folder,
 * else in the nearest folder above it, up to the repository's root. What belongs together comes
 * from one folder, so that two models' tokenizers are never mixed.
 */
import { defined } from '../checked.ts';

/** Each led by the file without which the others say nothing. */
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

/** Names of the files that an export of a model needs beside it to be one that others can load. */
const BESIDE: readonly string[] = SETS.flat();

/** What tells of the folder of one graph. */
const GENAI = 'genai_config.json';

/** `a/b/model.onnx`: `a/b/`, `a/`, and the root, which is empty. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    folders.push(path.slice(0, end + 1));
  return [...folders, ''];
}

/** The files that belong to the graph at `graph`, by name. Pure: `files` is only looked at. */
export function filesBeside<F extends { path: string }>(
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
 * Those of a repository's files that a model can need: graphs, what lies beside each, and what
 * belongs to it in the folders above.
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
    return own.has(folder) || (above.has(folder) && (BESIDE.includes(name) || name === GENAI));
  });
}

/**
 * A graph among the files, and the bytes of it and of the files it keeps weights in, by the
 * exporters' custom of naming these after it.
 */
export interface GraphFile<F> {
  graph: string;
  bytes: number;
  parts: readonly F[];
}

/** The graphs there are, the smallest first. */
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
