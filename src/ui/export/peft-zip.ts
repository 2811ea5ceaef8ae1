/** Adapters as one zip of PEFT's two files, out and in. The zip code comes when it is first wanted. */
import { AtlasError } from '../../errors.ts';
import { storedZip } from '../../experiment/stored-zip.ts';
import type { PickedFile } from '../../model/picked-files.ts';
import { peftFiles, takeAdapter } from '../../state/study-session.ts';
import { useView } from '../../state/view-store.ts';
import { download, fileName } from './download.ts';

const CONFIG = 'adapter_config.json', WEIGHTS = 'adapter_model.safetensors';

/** An adapter's zip is read whole; one beyond this is no adapter of a model that runs here. */
const MOST_BYTES = 1e9;

/** Saves a kept adapter; `rank` cuts one that is good at every rank. Throws `no-adapter`, `large-zip`. */
export async function savePeft(name: string, rank?: number): Promise<void> {
  const { files } = await peftFiles(name, rank), zip = `${fileName('adapter', name, ...(rank === undefined ? [] : ['rank', rank]))}.zip`;
  download(zip, await storedZip(Object.fromEntries(files.map((f) => [f.name, f.bytes])), zip), 'application/zip');
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** Whether files that were dropped or picked are an adapter rather than a model: an adapter's config may lie beside a graph, too. */
export const isAdapter = (files: readonly PickedFile[]): boolean =>
  (files.some(({ path }) => nameOf(path) === CONFIG) && !files.some(({ path }) => path.endsWith('.onnx'))) || (files.length === 1 && /\.zip$/i.test(files[0]!.path));

/** Takes in an adapter and shows its ranks on the map. Throws what is wrong with the files. */
export async function openAdapter(files: readonly PickedFile[]): Promise<void> {
  const found = files.length === 1 && /\.zip$/i.test(files[0]!.path) ? await unzipped(files[0]!.file) : await read(files);
  const [config, weights] = [CONFIG, WEIGHTS].map((name) => {
    const bytes = found.get(name);
    if (!bytes) throw new AtlasError('no-file', { file: name, why: 'an adapter is adapter_config.json and adapter_model.safetensors' });
    return bytes;
  }) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  await takeAdapter(config, weights);
  useView.getState().set({ adapter: 'imported', picker: false });
}

async function read(files: readonly PickedFile[]): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const wanted = files.filter(({ path }) => [CONFIG, WEIGHTS].includes(nameOf(path)));
  return new Map(await Promise.all(wanted.map(async ({ path, file }) => [nameOf(path), new Uint8Array(await file.arrayBuffer())] as const)));
}

async function unzipped(file: File): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const tooLarge = new AtlasError('no-file', { file: file.name.slice(0, 80), why: 'it holds more than an adapter of this page’s models can be' });
  if (file.size > MOST_BYTES) throw tooLarge;
  const { unzip } = await import('fflate');
  const bytes = new Uint8Array(await file.arrayBuffer());
  return new Promise((resolve, reject) => {
    // Sizes are as the zip declares them: checked before anything is unpacked.
    const small = ({ name, originalSize }: { name: string; originalSize: number }) => [CONFIG, WEIGHTS].includes(nameOf(name)) && originalSize <= MOST_BYTES;
    unzip(bytes, { filter: small }, (error, files) => {
      if (error) reject(new AtlasError('no-file', { file: file.name.slice(0, 80), why: 'it is no zip file that can be read' }, { cause: error }));
      else resolve(new Map(Object.entries(files).map(([path, content]) => [nameOf(path), content as Uint8Array<ArrayBuffer>])));
    });
  });
}
