/**
 * From a model's files to a compiled model, and on to an engine: the steps the page's worker and the command line share.
 */
import type { CompiledModel } from '../compiler/compiled.ts';
import { openExport } from '../compiler/open.ts';
import type { Ort } from '../engine/ort.ts';
import type { Tested } from '../engine/self-test.ts';
import type { ModelFacts } from '../experiment/events.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';
import { calibrationBatch, idsBatch, type CalibrationBatch } from '../model/calibration.ts';
import { checkConfig } from '../model/config.ts';
import type { ModelFiles } from '../model/files.ts';
import { openModel, type OpenModel, type OpenOptions } from '../model/repository.ts';
import { passagesOf } from '../model/text.ts';
import type { Graph } from '../onnx/graph.ts';

export interface LoadedModel {
  open: OpenModel;
  graph: Graph;
  compiled: CompiledModel;
}

/** Reads, validates and compiles a model; nothing is given to the runtime. Throws what the reader, compiler and config check throw. */
export async function loadModel(files: ModelFiles, options: OpenOptions = {}): Promise<LoadedModel> {
  const open = await openModel(files, options);
  const { graph, compiled } = await openExport(open.graph, { file: open.graphFile, external: (location) => open.external.get(location) });
  if (open.config) checkConfig(open.config, compiled);
  return { open, graph, compiled };
}

/** What runs, results and the page say of a model. */
export function factsOf({ open, compiled }: LoadedModel): ModelFacts {
  const { id, title, hash, bytes } = open;
  const { dialect, layers, hidden, vocab, modules } = compiled;
  const endOfText = open.config?.endOfText ?? null;
  return { id, title, hash, dialect, layers, hidden, vocab, bytes, modules, ...(endOfText !== null && { endOfText }) };
}

/** What the self-test compares the pipeline with. */
export const testedOf = ({ open, graph, compiled }: LoadedModel, ort: Ort): Tested =>
  ({ ort, model: compiled, export: { graph, bytes: open.graph, external: open.external } });

/** The tokens an experiment runs on. `text` is the content of a bundled or own text; ignored for ids. Throws `bad-text`. */
export async function batchOf(spec: Pick<ExperimentSpec, 'text' | 'sequences' | 'length'>, text: string, { open, compiled }: LoadedModel): Promise<CalibrationBatch> {
  if (spec.text.kind === 'ids') return idsBatch(spec.text.ids, compiled);
  return calibrationBatch(passagesOf(text, formatOf(text)), await open.tokenizer(), spec, compiled);
}

/** JSON Lines if the first line is a JSON object with a text, plain text otherwise. */
function formatOf(text: string): 'plain' | 'jsonl' {
  const end = text.indexOf('\n');
  const first = (end < 0 ? text : text.slice(0, end)).trim();
  try {
    return first.startsWith('{') && typeof (JSON.parse(first) as { text?: unknown }).text === 'string' ? 'jsonl' : 'plain';
  } catch {
    return 'plain';
  }
}

/** Tokens as a reader sees them, for the module panel. Without a tokenizer (ids given directly) their numbers. */
export async function labelsOf(ids: readonly number[], { open }: LoadedModel): Promise<string[]> {
  try {
    const tokenizer = await open.tokenizer();
    return ids.map((id) => tokenizer.token(id));
  } catch {
    return ids.map((id) => `#${id}`);
  }
}

