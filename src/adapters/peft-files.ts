/**
 * Finds the adapter among many files: PEFT's two files in one folder. The output folder of a
 * trainer holds several adapters.
 */
import { defined } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { oneLine } from '../model/one-line.ts';

export const CONFIG_FILE = 'adapter_config.json';
export const WEIGHTS_FILE = 'adapter_model.safetensors';
/** PEFT's format before safetensors: a pickle, which is not supported. */
const PICKLE_FILE = 'adapter_model.bin';
const ADAPTER_FILES = [CONFIG_FILE, WEIGHTS_FILE, PICKLE_FILE];

export interface NamedFile {
  path: string;
}
export interface AdapterPair<T> {
  config: T;
  weights: T;
}

interface Folder<T> {
  path: string;
  depth: number;
  config?: T;
  weights?: T;
  pickled: boolean;
}

/** Maximum number of folders listed in an error sentence. */
const MAX_LISTED = 6;

/** The files hold several adapters at the same depth. The user must choose one. */
export class SeveralAdapters extends AtlasError {
  /** Folders of the adapters, for `filesIn`. */
  readonly folders: readonly string[];
  constructor(file: string, list: string, folders: readonly string[]) {
    super('several-adapters', { file, list });
    this.folders = folders;
  }
}

/** Sorts `checkpoint-2` before `checkpoint-10`. */
const inOrder = new Intl.Collator('en', { numeric: true });

/**
 * The adapter in the top-most folder that has any adapter file. The final adapter is above its
 * checkpoints. `named` converts a folder to the name that the user sees. Throws `SeveralAdapters`
 * if two complete adapters have the same depth, `adapter-apart` if the two files are in different
 * folders, `adapter-pickled` for a pickle, and `no-file`.
 */
export function adapterPair<T extends NamedFile>(
  files: readonly T[],
  file: string,
  named: (folder: string) => string = (folder) => folder || '.',
): AdapterPair<T> {
  const folders = foldersOf(files);
  const highest = Math.min(...folders.map((f) => f.depth));
  const top = folders.filter((f) => f.depth === highest);
  const whole = folders.filter((f) => f.config && f.weights);
  const listed = (list: readonly Folder<T>[]) => {
    const names = list.slice(0, MAX_LISTED).map((f) => oneLine(named(f.path)));
    return list.length > MAX_LISTED ? `${names.join(', ')}, …` : names.join(', ');
  };
  if (top.length === 0)
    throw new AtlasError('no-file', { file: CONFIG_FILE, why: `${file} does not contain it` });
  const wholeTop = top.filter((f) => f.config && f.weights);
  if (wholeTop.length > 1)
    throw new SeveralAdapters(
      file,
      listed(wholeTop),
      wholeTop.map((f) => f.path),
    );
  const [only] = wholeTop;
  // Another folder at this depth holds half an adapter. It could be the intended one, so refuse.
  if (only && top.length === 1)
    return { config: defined(only.config), weights: defined(only.weights) };
  const half = defined(top.find((f) => !f.config || !f.weights));
  const [has, lacks] = half.config ? [CONFIG_FILE, WEIGHTS_FILE] : [WEIGHTS_FILE, CONFIG_FILE];
  if (half.pickled && !half.weights)
    throw new AtlasError('adapter-pickled', {
      file: named(half.path) === '.' ? file : named(half.path),
    });
  if (whole.length === 0 && folders.every((f) => !f[half.config ? 'weights' : 'config']))
    throw new AtlasError('no-file', { file: lacks, why: `${file} does not contain it` });
  throw new AtlasError('adapter-apart', { file, has, lacks, list: listed(whole) });
}

function foldersOf<T extends NamedFile>(files: readonly T[]): Folder<T>[] {
  const folders = new Map<string, Folder<T>>();
  for (const file of files) {
    const slash = file.path.lastIndexOf('/');
    const name = file.path.slice(slash + 1);
    const path = slash < 0 ? '' : file.path.slice(0, slash);
    if (!ADAPTER_FILES.includes(name)) continue;
    const folder = folders.get(path) ?? {
      path,
      depth: path === '' ? 0 : path.split('/').length,
      pickled: false,
    };
    if (name === CONFIG_FILE) folder.config = file;
    else if (name === WEIGHTS_FILE) folder.weights = file;
    else folder.pickled = true;
    folders.set(path, folder);
  }
  return [...folders.values()].sort((a, b) => inOrder.compare(a.path, b.path));
}

/**
 * The files in a folder and its subfolders, with paths relative to the folder. `''` selects all
 * files.
 */
export const filesIn = <T extends NamedFile>(files: readonly T[], folder: string): readonly T[] =>
  folder === ''
    ? files
    : files
        .filter(({ path }) => path.startsWith(`${folder}/`))
        .map((file) => ({ ...file, path: file.path.slice(folder.length + 1) }));

/** True if `adapterPair` considers a file with this name. */
export const isAdapterFile = (path: string): boolean =>
  ADAPTER_FILES.some((name) => path === name || path.endsWith(`/${name}`));
