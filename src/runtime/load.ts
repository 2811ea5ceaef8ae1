/** Loads a model from files to its compiled form, for the worker and the command line. */
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
  /** Wraps every tokenisation, whose duration depends on the model's files and the text. */
  blocking: Blocking;
}

/**
 * Reads, validates and compiles a model, without loading it into the runtime. Throws what the
 * reader, the compiler and the config check throw.
 */
export async function loadModel(
  files: ModelFiles,
  options: OpenOptions = {},
): Promise<LoadedModel> {
  const { parsed, ...open } = await openModel(files, options);
  const { graph, compiled } = await openExport(open.graph, {
    file: open.graphFile,
    external: (location) => open.external.get(location),
    parsed,
    maxLength: open.config?.maxLength ?? null,
  });
  if (open.config) checkConfig(open.config, compiled);
  return { open, graph, compiled, blocking: options.blocking ?? ((work) => work()) };
}

/**
 * Finds the files and loads the model. If the files change on the server during the download, it
 * retries once.
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

/** The facts of a model for runs, results and the page. */
export function factsOf({ open, compiled }: LoadedModel): ModelFacts {
  const { id, title, hash, bytes } = open;
  const { dialect, layers, hidden, vocab, modules } = compiled;
  return { id, title, hash, dialect, layers, hidden, vocab, bytes, modules };
}

/** The BOS tokens before a text of this kind. Throws `no-bos`, and what the tokenizer throws. */
export const bosOf = async (
  kind: TextRef['kind'],
  bos: BosSetting,
  { open }: LoadedModel,
): Promise<Bos> => (kind === 'ids' ? { ids: [], tokens: [], by: 'ids' } : open.bos(bos));

/**
 * The facts of a model for a result, with the BOS tokens of these texts. If BOS is not available,
 * it is omitted here; reading the texts reports why.
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

/** The tokenizer functions of a study's context. */
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

/** The input of the self-test. */
export const testedOf = ({ open, graph, compiled }: LoadedModel, ort: Ort): Tested => ({
  ort,
  model: compiled,
  export: { graph, bytes: open.graph, external: open.external },
});

/**
 * Builds the batch of an experiment. `text` is the content of a bundled or own text; ignored for
 * token ids. Throws `bad-text`, `no-bos`.
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
 * Readable tokens for the module panel. Without a tokenizer (token ids given directly) their
 * numbers.
 */
export async function labelsOf(ids: readonly number[], { open }: LoadedModel): Promise<string[]> {
  try {
    const tokenizer = await open.tokenizer();
    return ids.map((id) => tokenizer.token(id));
  } catch {
    return ids.map((id) => `#${id}`);
  }
}
