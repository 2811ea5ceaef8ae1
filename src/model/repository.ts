/**
 * Opens a model from its files: one graph, its external weights, config, tokenizer and a hash of
 * graph and weights.
 *
 * Layouts: hub (`config.json`, `onnx/model_q4.onnx`, …), ORT GenAI (`genai_config.json`,
 * `model.onnx`, in the root or in folders), or a single graph. `companion-files.ts` selects
 * the files that belong to the graph.
 */
import { sha256Of } from '#sha256';
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { externalLocations, parseModel, type ParsedModel } from '../onnx/external.ts';
import { companionFilesOf } from './companion-files.ts';
import { bosIn, specialTokens, type Bos, type BosSetting, type TokenFiles } from './bos.ts';
import { readConfig, type ModelConfig } from './config.ts';
import { endTokens } from './end-tokens.ts';
import { readFile, type ModelFile, type ModelFiles } from './files.ts';
import { isObject, parseJson, type JsonObject } from './json.ts';
import { READ_LIMITS } from './limits.ts';
import { describeBytes } from './figures.ts';
import { loadTokenizer, type Blocking, type Tokenizer } from './tokenizer.ts';

export interface OpenModel {
  id: string;
  title: string;
  /** File name of the graph without its folder, for messages. */
  graphFile: string;
  /** The graph's bytes, unmodified. */
  graph: Uint8Array;
  /**
   * The existing external weight files of the graph, by their path relative to its folder
   * (`onnx/external.ts`).
   */
  external: ReadonlyMap<string, Uint8Array>;
  /** null without a config.json. */
  config: ModelConfig | null;
  /**
   * Reads tokenizer.json on first use. Throws `part-missing` if it is missing, `bad-tokenizer` if
   * it is invalid.
   */
  tokenizer(): Promise<Tokenizer>;
  /**
   * The tokens before every text. Throws what `tokenizer` throws, `bad-config` for an invalid
   * config file, and `no-bos`.
   */
  bos(setting: BosSetting): Promise<Bos>;
  /**
   * The tokens that end a text. Throws what `tokenizer` throws, and `bad-config` for an invalid
   * config file.
   */
  endTokens(): Promise<number[]>;
  /**
   * Config, tokenizer and similar files that an export needs so that other programs can load it.
   */
  companionFiles: readonly ModelFile[];
  /**
   * sha-256, lower-case hex, of the graph's bytes, then those of the external files in order of
   * name.
   */
  hash: string;
  /** Bytes of the graph and its external files. */
  bytes: number;
}

export interface OpenOptions {
  /** Suffix of the graph's file: `q4`, `q4f16`, `fp16`, `quantized`, …; `fp32` has none. */
  dtype?: string;
  onProgress?(loaded: number, total: number): void;
  /** Wraps the reading of the tokenizer. */
  blocking?: Blocking;
}

/** Order of preference if the user does not choose: 4 bits first. */
const ORDER = ['q4', 'q4f16', 'int4', 'fp16', 'fp32', 'quantized', 'int8', 'uint8', 'bnb4'];

/**
 * Reads one model of `source` into memory. Throws `part-missing`, `several-graphs`, `bad-config`,
 * `too-large`, `too-long`, `cut-off` and `no-file`. The compiler validates the graph.
 */
export async function openModel(
  source: ModelFiles,
  { dtype, onProgress, blocking }: OpenOptions = {},
): Promise<OpenModel & { parsed: ParsedModel | null }> {
  const file = (path: string) => source.files.find((f) => f.path === path);
  const graphFile = pickGraph(source, dtype);
  const folder = graphFile.path.slice(0, graphFile.path.lastIndexOf('/') + 1);
  const companionFiles = companionFilesOf(source.files, graphFile.path);
  const configFile = companionFiles.get('config.json');
  const config = configFile
    ? readConfig(await readFile(configFile, READ_LIMITS.smallFile), configFile.path)
    : null;

  let loaded = 0;
  let total = graphFile.bytes;
  const read = async (one: ModelFile) => {
    if (total > READ_LIMITS.model)
      throw new AtlasError('too-large', {
        needed: describeBytes(total),
        allowed: describeBytes(READ_LIMITS.model),
      });
    return readFile(one, READ_LIMITS.model, (chunk) => {
      onProgress?.((loaded += chunk.length), total);
    });
  };
  const graph = await read(graphFile);
  const parts = new Map<string, ModelFile>();
  const external = new Map<string, Uint8Array<ArrayBuffer>>();
  const parsed = parseModel(graph);
  for (const name of externalLocations(parsed)) {
    const part = file(folder + name) ?? (await source.other?.(folder + name));
    if (part) parts.set(name, part);
  }
  for (const part of parts.values()) total += part.bytes;
  for (const [name, part] of parts) external.set(name, await read(part));

  let words: Promise<Words> | null = null;
  const wordsOf = () =>
    (words ??= readWords((name) => companionFiles.get(name), graphFile.path, blocking));
  return {
    id: source.id,
    title: source.title,
    graph,
    parsed,
    external,
    config,
    graphFile: graphFile.path.slice(folder.length),
    tokenizer: async () => (await wordsOf()).tokenizer,
    bos: async (setting) => bosFor(await wordsOf(), setting),
    endTokens: async () => endTokens((await wordsOf()).files),
    companionFiles: [...companionFiles].map(([path, one]) => ({ ...one, path })),
    hash: await sha256Of([graph, ...external.values()]),
    bytes: total,
  };
}

/** The tokenizer, and its files' special tokens. */
interface Words {
  tokenizer: Tokenizer;
  files: TokenFiles;
}

async function readWords(
  file: (path: string) => ModelFile | undefined,
  graph: string,
  blocking?: Blocking,
): Promise<Words> {
  const own = file('tokenizer.json');
  if (!own) throw new AtlasError('part-missing', { part: 'tokenizer.json', file: graph });
  const companion = async (name: string) => objectIn(file(name));
  const bytes = await readFile(own, READ_LIMITS.tokenizer);
  const tokenizerConfig = {
    ...(await companion('special_tokens_map.json')),
    ...(await companion('tokenizer_config.json')),
  };
  // Hold only the parts in use: the tokenizer stores this callback and everything it captures.
  let special: JsonObject = {};
  const tokenizer = await loadTokenizer(bytes, own.path, blocking, (value) => {
    special = specialTokens(value as JsonObject, tokenizerConfig);
  });
  return {
    tokenizer,
    files: {
      tokenizer: special,
      tokenizerConfig,
      config: await companion('config.json'),
      generationConfig: await companion('generation_config.json'),
    },
  };
}

function bosFor({ tokenizer, files }: Words, setting: BosSetting): Bos {
  const found = bosIn(files, setting);
  return { ...found, tokens: found.ids.map((id) => tokenizer.token(id)) };
}

/** Parses a small JSON file; empty if it does not exist. Throws `bad-config`. */
async function objectIn(file: ModelFile | undefined): Promise<JsonObject> {
  if (!file) return {};
  const bytes = await readFile(file, READ_LIMITS.smallFile);
  try {
    const { value } = parseJson(bytes);
    if (isObject(value)) return value;
  } catch (error) {
    throw new AtlasError(
      'bad-config',
      { file: file.path, why: (error as Error).message },
      { cause: error },
    );
  }
  throw new AtlasError('bad-config', { file: file.path, why: 'it is not a JSON object' });
}

/**
 * Names of graphs, best first. Older exports have a merged decoder with two branches, or two
 * graphs, of which the one without a cache is complete.
 */
const STEMS = ['model', 'decoder_model_merged', 'decoder_model'];

/**
 * Selects the graph. Loose files have no folders, so it looks for both `onnx/model_q4.onnx` and
 * `model_q4.onnx`.
 */
function pickGraph(source: ModelFiles, dtype: string | undefined): ModelFile {
  const find = (path: string) => source.files.find((f) => f.path === path);
  const graphOf = (suffix: string) => {
    const names = STEMS.map((stem) =>
      suffix === 'fp32' ? `${stem}.onnx` : `${stem}_${suffix}.onnx`,
    );
    return names.map((name) => find(`onnx/${name}`) ?? find(name)).find(Boolean);
  };
  const missing = (part: string) => new AtlasError('part-missing', { part, file: source.title });
  if (source.graph !== undefined) return find(source.graph) ?? fail(missing(source.graph));
  // a GenAI folder has one graph of any type
  const genai = find('genai_config.json') && find('model.onnx');
  if (genai) return genai;
  for (const suffix of dtype === undefined ? ORDER : [dtype]) {
    const graph = graphOf(suffix);
    if (graph) return graph;
  }
  return inFolders(source, dtype);
}

/** The fallback if no graph is in its usual place: the only graph in any folder. */
function inFolders({ files, title }: ModelFiles, dtype: string | undefined): ModelFile {
  const graphs = files.filter((f) => f.path.endsWith('.onnx'));
  const name = dtype === 'fp32' ? 'model.onnx' : `model_${dtype ?? 'q4'}.onnx`;
  const folderOf = ({ path }: ModelFile) => path.slice(0, path.lastIndexOf('/') + 1);
  const isGenai = (graph: ModelFile) =>
    files.some((f) => f.path === `${folderOf(graph)}genai_config.json`);
  // A GenAI folder has one graph of any type, so the type does not select there.
  const fit =
    dtype === undefined
      ? graphs
      : graphs.filter((graph) => graph.path.endsWith(`/${name}`) || isGenai(graph));
  if (fit.length === 0) throw new AtlasError('part-missing', { part: `onnx/${name}`, file: title });
  if (fit.length > 1)
    throw new AtlasError('several-graphs', { file: title, graphs: listOf(fit.map((f) => f.path)) });
  return elementAt(fit, 0);
}

/** Lists paths in a sentence. */
function listOf(paths: readonly string[]): string {
  const some = [...paths]
    .sort()
    .slice(0, 8)
    .map((path) => path.slice(0, 150))
    .join(', ');
  return paths.length > 8 ? `${some}, …` : some;
}

function fail(error: AtlasError): never {
  throw error;
}
