/**
 * The contents of an experiment's texts. Bundled texts are fetched once, from the page's own
 * origin.
 */
import { AtlasError } from '../errors.ts';
import { isOnBase, makerOf } from '../studies/base-kinds.ts';
import { studyOf, type StudyKind } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { TextRef } from '../spec/spec.ts';
import { useModel, type BundledText } from './model-store.ts';

export const baseUrl = () => new URL('./', document.baseURI).href;

const fetched = new Map<string, Promise<string>>();

/**
 * The text to send to the worker: the file's content for a bundled text, empty for token ids.
 * Throws `no-file`.
 */
export async function textOf(text: TextRef): Promise<string> {
  if (text.kind === 'own') return text.text;
  if (text.kind === 'ids') return '';
  const found = useModel.getState().texts.find((t) => t.id === text.id);
  if (!found)
    throw new AtlasError('no-file', {
      file: `bundled:${text.id}`,
      why: 'there is no bundled text with this name',
    });
  return fileOf(`texts/${found.file}`);
}

/** The content of a bundled file by its path, fetched once. Throws `no-file`. */
export function fileOf(path: string): Promise<string> {
  let content = fetched.get(path);
  if (!content) {
    content = request(path).then((r) => r.text());
    fetched.set(path, content);
    content.catch(() => fetched.delete(path));
  }
  return content;
}

/**
 * Fetches the bundled files that a study reads: texts by id, other files by path. Includes those of
 * the study that makes its base. Throws `no-file`.
 */
export async function textsOf(
  spec: ExperimentSpec,
  study: StudyKind,
): Promise<Record<string, string>> {
  const maker = isOnBase(study) ? makerOf(spec.base) : null;
  const running = [study, maker].filter((name) => name !== null);
  const [texts, files] = await Promise.all([
    textsIn(spec, [...running, ...running.flatMap((name) => [...studyOf(name).uses(spec)])]),
    Promise.all(
      running
        .flatMap((name) => studyOf(name).files?.(spec) ?? [])
        .map(async (path) => [path, await fileOf(path)] as const),
    ),
  ]);
  return { ...texts, ...Object.fromEntries(files) };
}

/** The bundled texts that these settings name, by id. Throws `no-file`. */
export async function textsIn(
  spec: ExperimentSpec,
  settings: readonly string[],
): Promise<Record<string, string>> {
  const named = new Set<string>();
  const read = Object.entries(spec).filter(([key]) => settings.includes(key));
  JSON.stringify(read, (_, value: unknown) => {
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
  return Object.fromEntries(
    await Promise.all(
      [...named].map(async (id) => [id, await textOf({ kind: 'bundled', id })] as const),
    ),
  );
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
    throw new AtlasError('no-file', {
      file: path,
      why: `the server responded with ${response.status}`,
    });
  return response;
}
