/**
 * Reads adapter_config.json by the rules of PEFT 0.21 (`LoraConfig`): target modules, ranks and α.
 * `peft-fields.ts` lists how each field is handled. Fields unknown to PEFT are ignored, as in PEFT,
 * and reported in the notes.
 */
import { HEAD_PATH } from '../compiler/modules.ts';
import { AtlasError } from '../errors.ts';
import { describeCount } from '../model/figures.ts';
import { refuseLonger } from '../model/files.ts';
import {
  isCount,
  isObject,
  parseJson,
  quoted,
  repeatedKey,
  type JsonObject,
} from '../model/json.ts';
import { refusePointer } from '../model/lfs.ts';
import { READ_LIMITS } from '../model/limits.ts';
import { isTrue, loraFields } from './peft-fields.ts';
import { CONFIG_FILE } from './peft-files.ts';
import { fullMatch, parsePattern, pathMatch, patience, type Patience } from './peft-pattern.ts';

export interface PeftConfig {
  /** `base_model_name_or_path` of the file, unverified. */
  baseModel: string | null;
  rsLora: boolean;
  /** Throws `adapter-setting` if the rank or α of the module is missing or invalid. */
  rankOf(path: string): number;
  alphaOf(path: string): number;
  targets(path: string): boolean;
  /** False if the file names no target modules. The tensors then determine them. */
  targetsNamed: boolean;
  /**
   * Remarks on the file for the user. `paths` are the adapted modules. Call after `rankOf` and
   * `alphaOf`, which record the patterns in use.
   */
  notes(paths: readonly string[]): string[];
}

const damaged = (why: string, cause?: unknown) =>
  new AtlasError('bad-adapter', { file: CONFIG_FILE, why }, { cause });
const bad = (why: string, cause?: unknown) =>
  new AtlasError('adapter-setting', { file: CONFIG_FILE, why }, { cause });
const unsupported = (what: string) => new AtlasError('adapter-kind', { file: CONFIG_FILE, what });
/** JSON has no infinity: `JSON.stringify` would print `null`. */
const shown = (value: unknown) =>
  (value === undefined
    ? 'missing'
    : typeof value === 'number'
      ? String(value)
      : JSON.stringify(value)
  ).slice(0, 60);

/** Formats names for a sentence: the first `maxNames`, quoted. */
export function listed(names: readonly string[], maxNames = 4): string {
  const some = names
    .slice(0, maxNames)
    .map((name) => quoted(name, 60))
    .join(', ');
  return names.length > maxNames ? `${some} and ${names.length - maxNames} more` : some;
}

/**
 * Parses the bytes of an adapter_config.json. Throws `lfs-pointer`, `too-long`, `bad-adapter` if
 * the file is not a JSON object, `adapter-setting` for invalid values, and `adapter-kind` for
 * anything beyond plain LoRA.
 */
export function readPeftConfig(bytes: Uint8Array): PeftConfig {
  const config = parsed(bytes);
  if (config.peft_type === undefined) throw damaged('it has no peft_type');
  if (config.peft_type !== 'LORA') throw unsupported(`peft_type ${shown(config.peft_type)}`);
  for (const [name, field] of Object.entries(loraFields)) {
    const value = Object.hasOwn(config, name) ? config[name] : null;
    if (field.use === 'refused' && field.isSet(value)) {
      throw unsupported(
        typeof value === 'object' || value === true ? name : `${name} ${shown(value)}`,
      );
    }
  }
  const rank = valueRule(config, 'r', 'rank_pattern', (value) => isCount(value) && value > 0);
  const alpha = valueRule(config, 'lora_alpha', 'alpha_pattern', (value) => Number.isFinite(value));
  const unknown = Object.keys(config).filter((name) => !Object.hasOwn(loraFields, name));
  const { base_model_name_or_path: base, use_rslora: rs, target_modules: names } = config;
  return {
    baseModel: typeof base === 'string' ? base : null,
    rsLora: isTrue(rs),
    rankOf: rank.of,
    alphaOf: alpha.of,
    targets: targetRule(config),
    targetsNamed: isNamed(names),
    notes: (paths) => [
      ...(unknown.length > 0
        ? [
            `${CONFIG_FILE} has settings that PEFT 0.21 does not know; they are ignored: ${listed(unknown)}`,
          ]
        : []),
      ...(isNamed(rs) && typeof rs !== 'boolean'
        ? [`use_rslora is ${shown(rs)}, which PEFT takes as ${isTrue(rs)}`]
        : []),
      ...(isNamed(names)
        ? []
        : [
            'target_modules is missing: the adapted modules are those with weights, whereas PEFT uses its defaults for the architecture',
          ]),
      ...unused('rank_pattern', rank.unused(paths)),
      ...unused('alpha_pattern', alpha.unused(paths)),
      ...unused('target_modules', unusedNames(names, paths)),
    ],
  };
}

const isNamed = (value: unknown) => value !== undefined && value !== null;
const unused = (where: string, keys: readonly string[]): string[] =>
  keys.length === 0
    ? []
    : [`${listed(keys)} in ${where} ${keys.length === 1 ? 'matches' : 'match'} no adapted module`];

function parsed(bytes: Uint8Array): JsonObject {
  refusePointer(bytes, CONFIG_FILE);
  refuseLonger(CONFIG_FILE, bytes.length, READ_LIMITS.adapterConfig);
  let config: unknown;
  let text = '';
  try {
    ({ value: config, text } = parseJson(bytes));
  } catch (error) {
    throw damaged((error as Error).message, error);
  }
  if (!isObject(config)) throw damaged('it is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) throw damaged(`it names ${quoted(twice)} twice`);
  return config;
}

/**
 * Compiles a pattern to a predicate on module paths. All patterns of a setting share one step
 * budget. The function and the predicate both throw `adapter-setting`.
 */
function pattern(
  source: string,
  where: string,
  match: typeof fullMatch,
  within: Patience,
): (path: string) => boolean {
  const withReason = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      throw bad(`the pattern ${quoted(source)} in ${where} ${(error as Error).message}`, error);
    }
  };
  const parsed = withReason(() => parsePattern(source));
  return (path) => withReason(() => match(parsed, path, within));
}

interface ValueRule {
  of(path: string): number;
  /** Keys that match none of these paths. */
  unused(paths: readonly string[]): string[];
}

/**
 * One number per module: the value of the first pattern that matches the path, else the default (8,
 * as in PEFT). Values are validated on use: `r` may be 0 if every module matches a pattern.
 */
function valueRule(
  config: JsonObject,
  name: string,
  patternName: string,
  valid: (value: unknown) => boolean,
): ValueRule {
  const patterns = config[patternName] ?? {};
  if (!isObject(patterns)) throw bad(`${patternName} is ${shown(patterns)}, not an object`);
  refuseMore(patternName, Object.keys(patterns).length);
  const within = patience();
  const rules = Object.entries(patterns).map(([key, value]) => ({
    key,
    matches: pattern(key, patternName, pathMatch, within),
    value,
    taken: false,
  }));
  const otherwise = config[name] === undefined ? 8 : config[name];
  return {
    of(path) {
      const rule = rules.find((r) => r.matches(path));
      const value = rule ? rule.value : otherwise;
      if (rule) rule.taken = true;
      if (!valid(value))
        throw bad(`${rule ? `${patternName} of ${quoted(rule.key)}` : name} is ${shown(value)}`);
      return value as number;
    },
    unused: (paths) => rules.filter((r) => !r.taken && !paths.some(r.matches)).map((r) => r.key),
  };
}

/**
 * Limits the number of patterns, since each may be tried on every module. Throws `adapter-setting`.
 */
function refuseMore(where: string, patterns: number): void {
  if (patterns > READ_LIMITS.patterns)
    throw bad(
      `${where} has ${describeCount(patterns)} patterns, but at most ${describeCount(READ_LIMITS.patterns)} are allowed`,
    );
}

/** PEFT's `check_target_module_exists` for models whose modules are all linear layers. */
function targetRule(config: JsonObject): (path: string) => boolean {
  const { target_modules: names, layers_to_transform: layers, layers_pattern: stems } = config;
  const excluded = nameRule(config.exclude_modules, 'exclude_modules');
  const inLayers = layerRule(config);
  if (typeof names === 'string') {
    for (const [name, value] of [
      ['layers_to_transform', layers],
      ['layers_pattern', stems],
    ] as const) {
      if (isNamed(value) && value !== '' && !(Array.isArray(value) && value.length === 0))
        throw bad(`${name} cannot be used if target_modules is a string`);
    }
  }
  const allLinear = typeof names === 'string' && names.toLowerCase() === 'all-linear';
  // PEFT excludes the head from "all-linear".
  const named = !isNamed(names)
    ? () => true
    : allLinear
      ? (path: string) => path !== HEAD_PATH
      : nameRule(names, 'target_modules');
  const exact = new Set(Array.isArray(names) ? names : []);
  return (path) => !excluded(path) && named(path) && (exact.has(path) || inLayers(path));
}

/** A string is a regular expression for the whole path. A list holds paths or path suffixes. */
function nameRule(names: unknown, where: string): (path: string) => boolean {
  if (typeof names === 'string') return pattern(names, where, fullMatch, patience());
  const list = names ?? [];
  if (!Array.isArray(list) || !list.every((n) => typeof n === 'string'))
    throw bad(`${where} is ${shown(names)}`);
  const endings = new Set<string>(list);
  return (path) => endingsOf(path).some((ending) => endings.has(ending));
}

/** All suffixes of a path that start after a dot, longest first. */
const endingsOf = (path: string): string[] =>
  path.split('.').map((_, i, parts) => parts.slice(i).join('.'));

/** Entries of `target_modules` that match none of these paths. */
function unusedNames(names: unknown, paths: readonly string[]): string[] {
  if (!Array.isArray(names)) return [];
  const endings = new Set(paths.flatMap(endingsOf));
  return (names as string[]).filter((name) => !endings.has(name));
}

/**
 * `layers_to_transform` restricts targets to these layer numbers. The layer number is the first
 * number in the path, or the one after `layers_pattern`.
 */
function layerRule({
  layers_to_transform: layers,
  layers_pattern: names,
}: JsonObject): (path: string) => boolean {
  const numbers = Array.isArray(layers) ? layers : isNamed(layers) ? [layers] : [];
  if (!numbers.every(isCount)) throw bad(`layers_to_transform is ${shown(layers)}`);
  const stems = typeof names === 'string' ? [names].filter(Boolean) : (names ?? []);
  if (!Array.isArray(stems) || !stems.every((n) => typeof n === 'string'))
    throw bad(`layers_pattern is ${shown(names)}`);
  if (stems.length > 0 && !isNamed(layers)) throw bad('layers_pattern needs layers_to_transform');
  if (numbers.length === 0) return () => true;
  const layerNumbers = new Set<unknown>(numbers);
  refuseMore('layers_pattern', stems.length);
  if (!stems.every((n) => /^\w+$/.test(n))) throw unsupported(`layers_pattern ${shown(names)}`);
  const places =
    stems.length > 0
      ? stems.map((n) => new RegExp(`(?:^|\\.)${n}\\.(\\d+)\\.`))
      : [/^.*?\.[^.]*\.(\d+)\./];
  return (path) => {
    const found = places.map((place) => place.exec(path)).find(Boolean);
    return found ? layerNumbers.has(Number(found[1])) : false;
  };
}
