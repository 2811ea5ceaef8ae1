/**
 * Determines the beginning-of-sequence token (BOS) before every text, from the tokenizer's files or
 * the experiment's setting. The files are interpreted as in `tokenizers` 0.23 and transformers 4.57
 * and 5.24 (docs/models.md).
 */
import { AtlasError } from '../errors.ts';
import { isCount, isObject, type JsonObject } from './json.ts';

/**
 * `tokenizer`: as the files request; `none`: never; `always`: even if the files do not request it.
 */
export const BOS = ['tokenizer', 'none', 'always'] as const;

/** The user's choice: as the tokenizer's files specify, never, or always. */
export type BosSetting = (typeof BOS)[number];

/** The JSON files of a model that name special tokens. A missing file is an empty object. */
export interface TokenFiles {
  /** The part of tokenizer.json that `specialTokens` extracts. */
  tokenizer: JsonObject;
  /** special_tokens_map.json, overridden by tokenizer_config.json. */
  tokenizerConfig: JsonObject;
  config: JsonObject;
  generationConfig: JsonObject;
}

/**
 * The source of the tokens before a text. `ids`: the text is given as token ids, which are used
 * unchanged.
 */
export const BOS_SOURCES = ['tokenizer.json', 'tokenizer_config.json', 'setting', 'ids'] as const;

export type BosSource = (typeof BOS_SOURCES)[number];

export interface Bos {
  /** Token ids in order; empty: nothing before the text. */
  ids: number[];
  /** The same tokens as text. */
  tokens: string[];
  by: BosSource;
  /**
   * `add_bos_token` of tokenizer_config.json contradicts the result, but the tokenizer class
   * ignores it.
   */
  passedOver?: true;
}

type Found = Omit<Bos, 'tokens'>;

/**
 * Tokenizer classes of transformers that build their template from `add_bos_token`. All others use
 * the template of tokenizer.json.
 */
const OWN_TEMPLATE = new Set([
  'LlamaTokenizer',
  'CodeLlamaTokenizer',
  'GemmaTokenizer',
  'CohereTokenizer',
  'GPTNeoXTokenizer',
]);

/**
 * Applies a setting to a model's files. Throws `no-bos` if a BOS is required but none is named, and
 * `bad-tokenizer` for an invalid post-processor.
 */
export function bosIn(files: TokenFiles, setting: BosSetting): Found {
  if (setting === 'none') return { ids: [], by: 'setting' };
  const asked = askedFor(files);
  if (setting === 'tokenizer' || asked.ids.length > 0) return asked;
  return { ids: [bosToken(files) ?? refuse()], by: 'setting' };
}

function askedFor(files: TokenFiles): Found {
  const {
    tokenizerConfig: { tokenizer_class, add_bos_token },
  } = files;
  const kind = typeof tokenizer_class === 'string' ? tokenizer_class.replace(/Fast$/, '') : null;
  // GPT-NeoX's own template adds nothing by default.
  const flag = add_bos_token ?? (kind === 'GPTNeoXTokenizer' ? false : null);
  const wanted = Boolean(flag);
  const template = () => prefixOf(files.tokenizer.post_processor);
  if (flag === null) return { ids: template(), by: 'tokenizer.json' };
  if (kind !== null && !OWN_TEMPLATE.has(kind)) {
    const ids = template();
    return {
      ids,
      by: 'tokenizer.json',
      ...(wanted !== ids.length > 0 && { passedOver: true as const }),
    };
  }
  if (!wanted) return { ids: [], by: 'tokenizer_config.json' };
  const own = bosToken(files);
  const ids = own !== null ? [own] : template();
  return { ids: ids.length > 0 ? ids : refuse(), by: 'tokenizer_config.json' };
}

/** The token that the files name as BOS, whether or not they request it. */
function bosToken({
  tokenizer,
  tokenizerConfig,
  config,
  generationConfig,
}: TokenFiles): number | null {
  const named = idOf(tokenizer, tokenizerConfig.bos_token);
  const inText = isObject(config.text_config) ? config.text_config.bos_token_id : undefined;
  return [named, generationConfig.bos_token_id, config.bos_token_id, inText].find(isCount) ?? null;
}

/**
 * The id of a special token as named in a config: by its content, or as an object with the content.
 * null if the vocabulary lacks it.
 */
export function idOf({ added_tokens, model }: JsonObject, token: unknown): number | null {
  const content = contentOf(token);
  if (typeof content !== 'string') return null;
  const added = Array.isArray(added_tokens)
    ? (added_tokens.find((t) => isObject(t) && t.content === content) as JsonObject | undefined)
    : undefined;
  if (isCount(added?.id)) return added.id;
  const vocab = isObject(model) ? model.vocab : null;
  if (Array.isArray(vocab)) {
    const at = vocab.findIndex((entry) => Array.isArray(entry) && entry[0] === content);
    return at < 0 ? null : at;
  }
  const id = isObject(vocab) && Object.hasOwn(vocab, content) ? vocab[content] : null;
  return isCount(id) ? id : null;
}

/**
 * Extracts from tokenizer.json, in the same format, what the rules here need: the post-processor,
 * and the ids of the BOS and EOS tokens. The vocabulary and merges can then be released.
 */
export function specialTokens(
  tokenizer: JsonObject,
  { bos_token, eos_token }: JsonObject,
): JsonObject {
  const named = [bos_token, eos_token].flatMap((token) => {
    const id = idOf(tokenizer, token);
    return id === null ? [] : [{ id, content: contentOf(token) }];
  });
  return { post_processor: tokenizer.post_processor, added_tokens: named };
}

const contentOf = (token: unknown): unknown => (isObject(token) ? token.content : token);

/**
 * Ids that the post-processor puts before a single text. Its suffix is not added: a text that is
 * measured or continued has not ended.
 */
function prefixOf(post: unknown): number[] {
  if (post === null || post === undefined) return [];
  if (!isObject(post)) throw bad('its post-processor is not an object');
  const { type = kindOf(post), cls, single, special_tokens: special, processors } = post;
  switch (type) {
    case 'ByteLevel':
      return [];
    case 'BertProcessing':
    case 'RobertaProcessing':
      if (!Array.isArray(cls) || !isCount(cls[1]))
        throw bad('the first token of its post-processor has no id');
      return [cls[1]];
    case 'TemplateProcessing':
      return templatePrefix(single, special);
    case 'Sequence': {
      if (!Array.isArray(processors)) throw bad('its post-processors are not a list');
      const adding = (processors as unknown[]).filter(
        (p) => !isObject(p) || (p.type ?? kindOf(p)) !== 'ByteLevel',
      );
      if (adding.length > 1) throw bad('two of its post-processors add tokens');
      return prefixOf(adding[0]);
    }
    default:
      throw bad(`its post-processor ${JSON.stringify(type ?? null).slice(0, 40)} is unknown`);
  }
}

/** Early versions of the format omit the type. */
function kindOf(post: JsonObject): string | undefined {
  const marks = [
    ['single', 'TemplateProcessing'],
    ['cls', 'BertProcessing'],
    ['processors', 'Sequence'],
    ['trim_offsets', 'ByteLevel'],
  ] as const;
  return marks.find(([key]) => Object.hasOwn(post, key))?.[1];
}

function templatePrefix(single: unknown, special: unknown): number[] {
  const pieces = (Array.isArray(single) ? single : []).map((piece) =>
    isObject(piece) ? piece : {},
  );
  const texts = pieces.filter((p) => Object.hasOwn(p, 'Sequence'));
  const [only] = texts;
  const sequence = only?.Sequence;
  if (!only || texts.length !== 1 || !isObject(sequence) || sequence.id !== 'A')
    throw bad('the template of its post-processor does not contain the text exactly once');
  return pieces.slice(0, pieces.indexOf(only)).flatMap(({ SpecialToken: token }) => {
    const name = isObject(token) && typeof token.id === 'string' ? token.id : '';
    const entry = isObject(special) && Object.hasOwn(special, name) ? special[name] : null;
    if (!isObject(entry) || !Array.isArray(entry.ids) || !entry.ids.every(isCount))
      throw bad(
        `the template of its post-processor has no ids for ${JSON.stringify(name.slice(0, 40))}`,
      );
    return entry.ids;
  });
}

/**
 * The ids of a text without a leading BOS that is written out in the text, so that it does not
 * appear twice. Returns `ids` or a view of it.
 */
export function withoutBos(ids: Int32Array, bos: readonly number[]): Int32Array {
  return bos.length > 0 && bos.every((id, i) => ids[i] === id) ? ids.subarray(bos.length) : ids;
}

/** The ids of a text that starts at the beginning, with BOS. */
export const withBos = (ids: Int32Array, bos: readonly number[]): Int32Array =>
  Int32Array.of(...bos, ...withoutBos(ids, bos));

const bad = (why: string) => new AtlasError('bad-tokenizer', { file: 'tokenizer.json', why });

function refuse(): never {
  throw new AtlasError('no-bos');
}
