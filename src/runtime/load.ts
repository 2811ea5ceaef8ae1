/**
 * From a model's files to a compiled model, and on to an engine: the steps the page's worker and
 * the command line share.
 */
import type { CompiledModel } from '../compiler/compiled.ts';
import { openExport } from '../compiler/open.ts';
import { AtlasError } from '../errors.ts';
import type { Ort } from '../engine/backends/ort.ts';
import type { Tested } from '../engine/check/self-test.ts';
import type { ModelFacts } from '../studies/map/events.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { TextRef } from '../spec/spec.ts';
import type { StudyContext } from '../studies/context.ts';
import { withBos, type Bos, type BosSetting } from '../model/bos.ts';
import { calibrationBatch, idsBatch, type CalibrationBatch } from '../model/calibration.ts';
import { checkConfig } from '../model/config.ts';
import type { ModelFiles } from '../model/files.ts';
import { openModel, type OpenModel, type OpenOptions } from '../model/repository.ts';
import { passagesOf } from '../model/text.ts';
import type { Blocking } from '../model/tokenizer.ts';
import type { Graph } from '../onnx/graph.ts';

export interface LoadedModel {
  open: OpenModel;
  graph: Graph;
  compiled: CompiledModel;
  /**
   * Told of what is cut into tokens, and made of them: how long that takes is up to the model's
   * files and the text.
   */
  blocking: Blocking;
}

/**
 * Reads, validates and compiles a model; nothing is given to the runtime. Throws what the reader,
 * compiler and config check throw.
 */
export async function loadModel(
  files: ModelFiles,
  options: OpenOptions = {},
): Promise<LoadedModel> {
  const open = await openModel(files, options);
  const { graph, compiled } = await openExport(open.graph, {
    file: open.graphFile,
    external: (location) => open.external.get(location),
  });
  if (open.config) checkConfig(open.config, compiled);
  return { open, graph, compiled, blocking: options.blocking ?? ((work) => work()) };
}

/**
 * The same of files that are looked for first; where they change on their server while they are
 * fetched, they are looked for once more.
 */
export async function findAndLoad(
  find: () => Promise<ModelFiles>,
  options: OpenOptions = {},
): Promise<LoadedModel> {
  try {
    return await loadModel(await find(), options);
  } catch (error) {
    if (!(error instanceof AtlasError && error.code === 'remote-changed')) throw error;
    return loadModel(await find(), options);
  }
}

/** What runs, results and the page say of a model. */
export function factsOf({ open, compiled }: LoadedModel): ModelFacts {
  const { id, title, hash, bytes } = open;
  const { dialect, layers, hidden, vocab, modules } = compiled;
  return { id, title, hash, dialect, layers, hidden, vocab, bytes, modules };
}

/** What stands before a text of this kind. Throws `no-bos`, and what the tokenizer throws. */
export const bosOf = async (
  kind: TextRef['kind'],
  bos: BosSetting,
  { open }: LoadedModel,
): Promise<Bos> => (kind === 'ids' ? { ids: [], tokens: [], by: 'ids' } : open.bos(bos));

/**
 * A model's facts for the result of an experiment that reads these texts: what stands before them
 * is said. Where that cannot be told, reading them says why.
 */
export async function factsIn(
  { texts, bos }: { texts: readonly TextRef[]; bos: BosSetting },
  model: LoadedModel,
): Promise<ModelFacts> {
  const kind = texts.find((text) => text.kind !== 'ids')?.kind ?? 'ids';
  return {
    ...factsOf(model),
    ...(await bosOf(kind, bos, model).then(
      (found) => ({ bos: found }),
      () => ({}),
    )),
  };
}

/** How a study reads and writes with a model. */
export function wordsOf(
  { open, blocking }: LoadedModel,
  bos: BosSetting,
): Pick<StudyContext, 'encode' | 'prompt' | 'decode' | 'endTokens'> {
  const encode = async (text: string) => {
    const tokenizer = await open.tokenizer();
    return blocking(() => tokenizer.encode(text));
  };
  return {
    encode,
    prompt: async (text) => withBos(await encode(text), (await open.bos(bos)).ids),
    decode: async (ids) => {
      const tokenizer = await open.tokenizer();
      return blocking(() => tokenizer.decode(ids));
    },
    endTokens: () => open.endTokens(),
  };
}

/** What the self-test compares the pipeline with. */
export const testedOf = ({ open, graph, compiled }: LoadedModel, ort: Ort): Tested => ({
  ort,
  model: compiled,
  export: { graph, bytes: open.graph, external: open.external },
});

/**
 * The tokens an experiment runs on. `text` is the content of a bundled or own text; ignored for
 * ids. Throws `bad-text`, `no-bos`.
 */
export async function batchOf(
  spec: Pick<ExperimentSpec, 'text' | 'sequences' | 'length' | 'bos'>,
  text: string,
  model: LoadedModel,
): Promise<CalibrationBatch> {
  const { open, compiled, blocking } = model;
  const { sequences, length } = spec;
  if (spec.text.kind === 'ids') return idsBatch(spec.text.ids, compiled);
  const { ids: bos } = await bosOf(spec.text.kind, spec.bos, model);
  const tokenizer = await open.tokenizer();
  return blocking(() =>
    calibrationBatch(
      passagesOf(text, formatOf(text)),
      tokenizer,
      { sequences, length, bos },
      compiled,
    ),
  );
}

/** JSON Lines if the first line is a JSON object with a text, plain text otherwise. */
function formatOf(text: string): 'plain' | 'jsonl' {
  const end = text.indexOf('\n');
  const first = (end < 0 ? text : text.slice(0, end)).trim();
  try {
    return first.startsWith('{') &&
      typeof (JSON.parse(first) as { text?: unknown }).text === 'string'
      ? 'jsonl'
      : 'plain';
  } catch {
    return 'plain';
  }
}

/**
 * Tokens as a reader sees them, for the module panel. Without a tokenizer (ids given directly)
 * their numbers.
 */
export async function labelsOf(ids: readonly number[], { open }: LoadedModel): Promise<string[]> {
  try {
    const tokenizer = await open.tokenizer();
    return ids.map((id) => tokenizer.token(id));
  } catch {
    return ids.map((id) => `#${id}`);
  }
}
