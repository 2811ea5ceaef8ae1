/**
 * What stands before every text: the beginning-of-sequence token (BOS), as the tokenizer's files
 * ask for it or as the experiment says. What the files mean is what `tokenizers` 0.23 and
 * transformers 4.57 and 5.24 make of them (docs/models.md).
 */
import { AtlasError } from '../errors.ts';
import { isCount, isObject, type JsonObject } from './json.ts';

/** `tokenizer`: as its files ask; `none`: never; `always`: also where they do not ask. */
export const BOS = ['tokenizer', 'none', 'always'] as const;

export type BosSetting = (typeof BOS)[number];

/**
 * The JSON files beside a model that name special tokens; an empty object for one that is not
 * there.
 */
export interface TokenFiles {
  /** What `specialTokens` leaves of tokenizer.json. */
  tokenizer: JsonObject;
  /** special_tokens_map.json, and over it tokenizer_config.json. */
  tokenizerConfig: JsonObject;
  config: JsonObject;
  generationConfig: JsonObject;
}

/**
 * Who says what stands before a text; `ids`: the text is token ids, which are taken as they are.
 */
export const BOS_SOURCES = ['tokenizer.json', 'tokenizer_config.json', 'setting', 'ids'] as const;

export type BosSource = (typeof BOS_SOURCES)[number];

export interface Bos {
  /** Token ids, first to last; empty: the text stands alone. */
  ids: number[];
  /** The same as a reader sees them. */
  tokens: string[];
  by: BosSource;
  /**
   * tokenizer_config.json has an `add_bos_token` that says otherwise, and a class that passes over
   * it.
   */
  passedOver?: true;
}

type Found = Omit<Bos, 'tokens'>;

/**
 * Tokenizer classes of transformers that make their own template from `add_bos_token`; every other
 * takes tokenizer.json's.
 */
const OWN_TEMPLATE = new Set([
  'LlamaTokenizer',
  'CodeLlamaTokenizer',
  'GemmaTokenizer',
  'CohereTokenizer',
  'GPTNeoXTokenizer',
]);

/**
 * What a setting means for a model's files. Throws `no-bos` where a BOS is asked for and none is
 * named, `bad-tokenizer` for a post-processor that cannot be read.
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
  // GPT-NeoX's own template adds nothing unless it is told to.
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

/** The token that the files call BOS, whether or not they ask for it. */
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
 * The id of a special token as a config names it, by its content or as an object with it; null
 * where the vocabulary has none.
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
 * What the rules here ask of tokenizer.json, in its own form: the post-processor, and the ids of
 * the tokens that begin and end a text. The rest, the whole vocabulary and its merges, need not
 * live as long as the model.
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
 * Ids that a post-processor of tokenizer.json puts before a single text. What it puts behind is not
 * added here: a text that is measured or continued has not ended.
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
      throw bad(`its post-processor ${JSON.stringify(type ?? null).slice(0, 40)} is not known`);
  }
}

/** Files of early versions do not name the type. */
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
    throw bad('the template of its post-processor does not hold the text once');
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
 * A text's own ids: without the BOS where it is written out at the beginning, so that none stands
 * there twice.
 */
export function withoutBos(ids: Int32Array, bos: readonly number[]): Int32Array {
  return bos.length > 0 && bos.every((id, i) => ids[i] === id) ? ids.subarray(bos.length) : ids;
}

/** A whole text as the model reads it from the beginning. */
export const withBos = (ids: Int32Array, bos: readonly number[]): Int32Array =>
  Int32Array.of(...bos, ...withoutBos(ids, bos));

const bad = (why: string) => new AtlasError('bad-tokenizer', { file: 'tokenizer.json', why });

function refuse(): never {
  throw new AtlasError('no-bos');
}
