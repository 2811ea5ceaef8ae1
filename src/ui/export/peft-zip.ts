/** Exports and imports an adapter as a zip of PEFT's two files. Zip code is loaded on first use. */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { adapterPair, CONFIG_FILE, filesIn } from '../../adapters/peft-files.ts';
import { storedZip } from '../../adapters/stored-zip.ts';
import { refuseLonger } from '../../model/files.ts';
import { READ_LIMITS } from '../../model/limits.ts';
import { oneLine } from '../../model/one-line.ts';
import type { PickedFile } from '../../model/picked-files.ts';
import type { ZipEntry } from '../../model/zip.ts';
import { peftFiles, takeAdapter } from '../../state/adapters.ts';
import { useView } from '../../state/view-store.ts';
import { download, fileName } from './download.ts';

/**
 * Saves a saved adapter as a download. `rank` truncates an adapter that is usable at every rank.
 * Throws `no-adapter`, `large-zip`.
 */
export async function savePeft(name: string, rank?: number): Promise<void> {
  const { files } = await peftFiles(name, rank);
  const zip = `${fileName('adapter', name, ...(rank === undefined ? [] : ['rank', rank]))}.zip`;
  download(
    zip,
    await storedZip(Object.fromEntries(files.map((f) => [f.name, f.bytes])), zip),
    'application/zip',
  );
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/**
 * Whether dropped or picked files are an adapter rather than a model. A folder with a graph is a
 * model, even if it also contains an adapter config.
 */
export const isAdapter = (files: readonly PickedFile[]): boolean =>
  (files.some(({ path }) => nameOf(path) === CONFIG_FILE) &&
    !files.some(({ path }) => path.endsWith('.onnx'))) ||
  (files.length === 1 && /\.zip$/i.test(elementAt(files, 0).path));

/**
 * Imports the topmost adapter of these files or of a single zip, and shows its ranks on the map.
 * `folder` limits the search to that folder. Throws errors of the files, and `SeveralAdapters`.
 */
export async function openAdapter(files: readonly PickedFile[], folder = ''): Promise<void> {
  const zip =
    files.length === 1 && /\.zip$/i.test(elementAt(files, 0).path) ? elementAt(files, 0) : null;
  const { config, weights } = zip
    ? await fromZip(zip.file, folder)
    : await fromFiles(files, folder);
  await takeAdapter(config, weights);
  useView.getState().set({ adapter: 'imported', picker: false });
}

interface AdapterBytes {
  config: Uint8Array<ArrayBuffer>;
  weights: Uint8Array<ArrayBuffer>;
}

async function fromFiles(files: readonly PickedFile[], folder: string): Promise<AdapterBytes> {
  const tops = new Set(
    files
      .filter(({ path }) => path.includes('/'))
      .map(({ path }) => path.slice(0, path.indexOf('/'))),
  );
  const pair = adapterPair(filesIn(files, folder), oneLine([...tops].join(', ')) || CONFIG_FILE);
  const [config, weights] = await Promise.all([
    bytesOf(pair.config.file, pair.config.path, READ_LIMITS.adapterConfig),
    bytesOf(pair.weights.file, pair.weights.path, READ_LIMITS.adapter),
  ]);
  return { config, weights };
}

async function fromZip(file: File, folder: string): Promise<AdapterBytes> {
  const name = oneLine(file.name);
  const [{ zipEntries }, { unzippedInThread }, bytes] = await Promise.all([
    import('../../model/zip.ts'),
    import('../../worker/unzip.ts'),
    bytesOf(file, name, READ_LIMITS.adapter),
  ]);
  let entries: ZipEntry[];
  try {
    entries = zipEntries(bytes);
  } catch (error) {
    throw unreadable(name, error);
  }
  const pair = adapterPair(filesIn(entries, folder), name);
  try {
    return {
      config: await unzippedInThread(file, pair.config, READ_LIMITS.adapterConfig),
      weights: await unzippedInThread(file, pair.weights, READ_LIMITS.adapter),
    };
  } catch (error) {
    throw error instanceof AtlasError ? error : unreadable(name, error);
  }
}

async function bytesOf(
  file: File,
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = oneLine(path);
  refuseLonger(name, file.size, maxBytes);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new AtlasError(
      'no-file',
      { file: name, why: 'it changed or can no longer be opened' },
      { cause: error },
    );
  }
}

const unreadable = (file: string, error: unknown) =>
  new AtlasError('no-file', { file, why: (error as Error).message }, { cause: error });
