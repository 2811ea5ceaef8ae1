/** The words of an experiment's text: bundled ones are fetched once from the page's own origin. */
import { AtlasError } from '../errors.ts';
import { taskKey } from '../studies/compress/settings.ts';
import type { ExperimentSpec, TextRef } from '../experiment/spec.ts';
import { useModel, type BundledText } from './model-store.ts';

export const baseUrl = () => new URL('./', document.baseURI).href;

const fetched = new Map<string, Promise<string>>();

/**
 * The text as the engine's thread wants it: the file's content for a bundled one, nothing for token
 * ids. Throws `no-file`.
 */
export async function textOf(text: TextRef): Promise<string> {
  if (text.kind === 'own') return text.text;
  if (text.kind === 'ids') return '';
  const found = useModel.getState().texts.find((t) => t.id === text.id);
  if (!found)
    throw new AtlasError('no-file', {
      file: `bundled:${text.id}`,
      why: 'no text of this name comes with the page',
    });
  let words = fetched.get(found.file);
  if (!words) {
    words = request(`texts/${found.file}`).then((r) => r.text());
    fetched.set(found.file, words);
    words.catch(() => fetched.delete(found.file));
  }
  return words;
}

/** The file of a bundled task. Throws `no-file`. */
export const taskOf = async (id: string): Promise<string> =>
  (await request(`tasks/${id}.json`)).text();

/**
 * Every bundled text an experiment names, by id, fetched; those of a compression, and its task,
 * only where the study or the base is one. Throws `no-file`.
 */
export async function textsOf(spec: ExperimentSpec): Promise<Record<string, string>> {
  const named = new Set<string>();
  const { study, base, compress, ...others } = spec;
  const compresses = study === 'compress' || base === 'compressed';
  JSON.stringify(compresses ? spec : others, (_, value: unknown) => {
    const text = value as TextRef | null;
    if (
      text !== null &&
      typeof text === 'object' &&
      text.kind === 'bundled' &&
      typeof text.id === 'string'
    )
      named.add(text.id);
    return value;
  });
  const texts = Object.fromEntries(
    await Promise.all(
      [...named].map(async (id) => [id, await textOf({ kind: 'bundled', id })] as const),
    ),
  );
  const { task } = compress;
  return compresses && task.kind === 'set'
    ? { ...texts, [taskKey(task.id)]: await taskOf(task.id) }
    : texts;
}

/** The list of bundled texts. */
export async function bundledTexts(): Promise<BundledText[]> {
  return (await (await request('texts/index.json')).json()) as BundledText[];
}

export async function request(path: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, baseUrl()));
  } catch (cause) {
    throw new AtlasError('no-file', { file: path, why: 'no connection' }, { cause });
  }
  if (!response.ok)
    throw new AtlasError('no-file', { file: path, why: `the server says ${response.status}` });
  return response;
}
