/**
 * Reads the facts of config.json that are used and checks them against each other and the compiled
 * graph.
 *
 * Only the graph is executed; the config only shows whether the two belong together. All other
 * content, including `auto_map` and other requests to run code, is ignored.
 */
import { AtlasError } from '../errors.ts';
import { isCount, isObject, parseJson, type JsonObject } from './json.ts';

/** null if the file does not state the value. */
export interface ModelConfig {
  modelType: string | null;
  hidden: number | null;
  layers: number | null;
  heads: number | null;
  keyValueHeads: number | null;
  vocab: number | null;
  /** The longest sequence, in tokens. */
  maxLength: number | null;
}

/** Maximum number of external data files per model in transformers.js. */
const MAX_EXTERNAL_FILES = 100;

/** GPT-2 and its relatives use other names for the same facts. */
const names = {
  hidden: ['hidden_size', 'n_embd', 'd_model'],
  layers: ['num_hidden_layers', 'n_layer', 'num_layers'],
  heads: ['num_attention_heads', 'n_head', 'num_heads'],
  keyValueHeads: ['num_key_value_heads'],
  headSize: ['head_dim'],
  vocab: ['vocab_size'],
  maxLength: ['max_position_embeddings', 'n_positions'],
} as const;

const mayBeNull = new Set<string>(['headSize', 'keyValueHeads', 'maxLength']);

/** Parses config.json. Throws `bad-config`. */
export function readConfig(bytes: Uint8Array, file = 'config.json'): ModelConfig {
  const bad = (why: string, cause?: unknown) =>
    new AtlasError('bad-config', { file, why }, { cause });
  let json: unknown;
  try {
    json = parseJson(bytes).value;
  } catch (error) {
    throw bad((error as Error).message, error);
  }
  if (!isObject(json)) throw bad('it is not a JSON object');
  // Vision-language models nest the language model's facts one level down.
  const config = isObject(json.text_config) ? json.text_config : json;

  const count = (key: keyof typeof names): number | null => {
    const name = names[key].find((n) => Object.hasOwn(config, n));
    if (name === undefined) return null;
    const value = config[name];
    // null means "derive it", or "unlimited".
    if (value === null && mayBeNull.has(key)) return null;
    if (!isCount(value) || value === 0) throw bad(`${name} is ${shown(value)}, not a whole number`);
    return value;
  };
  const hidden = count('hidden');
  const heads = count('heads');
  const keyValueHeads = count('keyValueHeads');
  if (hidden && heads && count('headSize') === null && hidden % heads !== 0)
    throw bad(`${heads} heads do not divide the hidden size ${hidden}`);
  if (heads && keyValueHeads && heads % keyValueHeads !== 0)
    throw bad(`${keyValueHeads} key-value heads do not divide ${heads} heads`);
  checkExternalFiles(json['transformers.js_config'], bad);
  return {
    modelType: typeof json.model_type === 'string' ? json.model_type : null,
    hidden,
    heads,
    keyValueHeads,
    layers: count('layers'),
    vocab: count('vocab'),
    maxLength: count('maxLength'),
  };
}

/**
 * `use_external_data_format` is a flag or a count, for all files or by file name. It is not used,
 * but invalid values are refused.
 */
function checkExternalFiles(settings: unknown, bad: (why: string) => AtlasError): void {
  if (!isObject(settings)) return;
  const claimed = (settings as JsonObject).use_external_data_format;
  for (const value of isObject(claimed) ? Object.values(claimed) : [claimed ?? false]) {
    if (typeof value !== 'boolean' && !(isCount(value) && value <= MAX_EXTERNAL_FILES)) {
      throw bad(
        `it declares ${shown(value)} external data files (at most ${MAX_EXTERNAL_FILES} are allowed)`,
      );
    }
  }
}

/**
 * Checks that config and graph describe one model. `compiled` has the facts of the graph. Throws
 * `bad-config`.
 */
export function checkConfig(
  config: ModelConfig,
  compiled: { hidden: number; layers: number; vocab: number },
  file = 'config.json',
): void {
  const facts = [
    ['hidden', 'hidden size'],
    ['layers', 'number of layers'],
    ['vocab', 'vocabulary'],
  ] as const;
  for (const [key, name] of facts) {
    if (config[key] !== null && config[key] !== compiled[key]) {
      throw new AtlasError('bad-config', {
        file,
        why: `its ${name} is ${config[key]}, but the graph has ${compiled[key]}`,
      });
    }
  }
}

function shown(value: unknown): string {
  return (value === undefined ? 'missing' : JSON.stringify(value)).slice(0, 40);
}
