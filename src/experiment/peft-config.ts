/**
 * adapter_config.json as PEFT reads it (0.21, `LoraConfig`): which modules, which rank and α each. Settings under which plain
 * LoRA would give other numbers are refused by name; unknown ones are passed over, as PEFT does.
 */
import { AtlasError } from '../errors.ts';
import { isCount, isObject, parseJson, repeatedKey, type JsonObject } from '../model/json.ts';
import { refusePointer } from '../model/lfs.ts';
import { fullMatch, parsePattern, pathMatch, type Pattern } from './peft-pattern.ts';

export const CONFIG_FILE = 'adapter_config.json';

export interface PeftConfig {
  /** `base_model_name_or_path`, as the file says; nothing checks it. */
  baseModel: string | null;
  rsLora: boolean;
  rankOf(path: string): number;
  alphaOf(path: string): number;
  targets(path: string): boolean;
}

/** Settings that change what the adapter computes whenever they are set at all. */
const changing = [
  'use_dora', 'modules_to_save', 'lora_bias', 'trainable_token_indices', 'target_parameters', 'layer_replication', 'megatron_config',
  'alora_invocation_tokens', 'arrow_config', 'kasa_config', 'monteclora_config', 'use_bdlora', 'use_qalora', 'velora_config',
] as const;

/** Ways to begin that leave the base weights alone; PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA change them. */
const harmlessInits: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal', 'mica'];

const bad = (why: string, cause?: unknown) => new AtlasError('bad-adapter', { file: CONFIG_FILE, why }, { cause });
const unsupported = (what: string) => new AtlasError('adapter-kind', { file: CONFIG_FILE, what });
const shown = (value: unknown) => (JSON.stringify(value) ?? 'missing').slice(0, 60);

/** Throws `bad-adapter` for what is not valid, `adapter-kind` for what is not plain LoRA, `lfs-pointer`. */
export function readPeftConfig(bytes: Uint8Array): PeftConfig {
  refusePointer(bytes, CONFIG_FILE);
  let config: unknown, text = '';
  try {
    ({ value: config, text } = parseJson(bytes));
  } catch (error) {
    throw bad((error as Error).message, error);
  }
  if (!isObject(config)) throw bad('it is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) throw bad(`it names "${twice.slice(0, 100)}" twice`);
  if (config.peft_type !== 'LORA') throw unsupported(`peft_type ${shown(config.peft_type)}`);
  for (const name of changing) if (isSet(config[name])) throw unsupported(name);
  if (![undefined, null, 'none'].includes(config.bias as null)) throw unsupported(`bias ${shown(config.bias)}`);
  if (!harmlessInits.includes(config.init_lora_weights)) throw unsupported(`init_lora_weights ${shown(config.init_lora_weights)}`);

  const isRank = (value: unknown): value is number => isCount(value) && value > 0;
  return {
    baseModel: typeof config.base_model_name_or_path === 'string' ? config.base_model_name_or_path : null,
    rsLora: config.use_rslora === true,
    rankOf: valueRule(config, 'r', 'rank_pattern', isRank),
    alphaOf: valueRule(config, 'lora_alpha', 'alpha_pattern', (value) => Number.isFinite(value)),
    targets: targetRule(config),
  };
}

/** Python's truth. */
function isSet(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function pattern(source: string, where: string): Pattern {
  try {
    return parsePattern(source);
  } catch (error) {
    throw bad(`the pattern "${source.slice(0, 100)}" in ${where} ${(error as Error).message}`, error);
  }
}

/** A number a module: that of the first pattern that matches its path, else the default (8, as in PEFT). */
function valueRule(config: JsonObject, name: string, patternName: string, valid: (value: unknown) => boolean): (path: string) => number {
  const checked = (value: unknown, where: string): number => {
    if (!valid(value)) throw bad(`${where} is ${shown(value)}`);
    return value as number;
  };
  const patterns = config[patternName] ?? {};
  if (!isObject(patterns)) throw bad(`${patternName} is not an object`);
  const rules = Object.entries(patterns).map(([key, value]) =>
    ({ pattern: pattern(key, patternName), value: checked(value, `${patternName} of "${key.slice(0, 100)}"`) }));
  const otherwise = checked(config[name] ?? 8, name);
  return (path) => rules.find((rule) => pathMatch(rule.pattern, path))?.value ?? otherwise;
}

/** PEFT's `check_target_module_exists`, for modules that are all linear layers. */
function targetRule(config: JsonObject): (path: string) => boolean {
  const excluded = nameRule(config.exclude_modules, 'exclude_modules'), inLayers = layerRule(config), { target_modules: names } = config;
  const named = typeof names === 'string' && names.toLowerCase() === 'all-linear' ? () => true : nameRule(names, 'target_modules');
  const exact = new Set(Array.isArray(names) ? names : []);
  return (path) => !excluded(path) && named(path) && (exact.has(path) || inLayers(path));
}

/** A regular expression for the whole path, or a list of paths and their endings. */
function nameRule(names: unknown, where: string): (path: string) => boolean {
  if (typeof names === 'string') {
    const whole = pattern(names, where);
    return (path) => fullMatch(whole, path);
  }
  const list = names ?? [];
  if (!Array.isArray(list) || !list.every((n) => typeof n === 'string')) throw bad(`${where} is ${shown(names)}`);
  const endings = new Set<string>(list);
  // Every ending of the path at a dot, longest first.
  return (path) => path.split('.').some((_, i, parts) => endings.has(parts.slice(i).join('.')));
}

/** `layers_to_transform`: only layers of these numbers, the number being the first in the path (or after `layers_pattern`). */
function layerRule({ layers_to_transform: layers, layers_pattern: names }: JsonObject): (path: string) => boolean {
  const numbers = Array.isArray(layers) ? layers : layers === undefined || layers === null ? [] : [layers];
  if (!numbers.every(isCount)) throw bad(`layers_to_transform is ${shown(layers)}`);
  if (numbers.length === 0) return () => true;
  const stems = typeof names === 'string' ? [names] : names ?? [];
  if (!Array.isArray(stems) || !stems.every((n) => typeof n === 'string')) throw bad(`layers_pattern is ${shown(names)}`);
  if (!stems.every((n) => /^\w*$/.test(n))) throw unsupported(`layers_pattern ${shown(names)}`);
  const places = stems.some(Boolean) ? stems.map((n) => new RegExp(`(?:^|\\.)${n}\\.(\\d+)\\.`)) : [/^.*?\.[^.]*\.(\d+)\./];
  return (path) => {
    const found = places.map((place) => place.exec(path)).find(Boolean);
    return found ? numbers.includes(Number(found[1])) : false;
  };
}
