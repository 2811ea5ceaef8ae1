/**
 * Is this tokenizer.json one that can be trusted to run? Everything that would make the tokenizer library hang,
 * overflow or silently return wrong ids is refused here, before the library sees it.
 *
 * Format: github.com/huggingface/tokenizers, `tokenizer.json`. Causal language models use BPE or Unigram.
 */
import { isCount, isObject, type JsonObject } from './json.ts';
import { repeatsAmbiguously } from './tokenizer-pattern.ts';

/** No vocabulary in use has a tenth of this. */
const MAX_ID = 1 << 22;
/** Real files nest their steps two or three deep. */
const MAX_DEPTH = 16;
const STEPS = ['normalizer', 'pre_tokenizer', 'decoder'] as const;

/** A tokenizer.json that passed, without its post-processor: encoding here adds nothing. */
export type CheckedTokenizer = JsonObject & { model: JsonObject; added_tokens: JsonObject[]; post_processor: null };

/** Returns the checked file; throws an Error whose message is the reason. */
export function checkTokenizer(json: unknown): CheckedTokenizer {
  if (!isObject(json)) throw new Error('it is not a JSON object');
  const { model } = json;
  if (!isObject(model)) throw new Error('it has no model');
  const tokens = model.type === 'BPE' ? checkBpe(model)
    : model.type === 'Unigram' ? checkUnigram(model)
      : refuse(`its model type "${short(model.type)}" is neither BPE nor Unigram`);
  const added_tokens = checkAdded(json.added_tokens ?? [], tokens);
  for (const step of STEPS) checkStep(json[step] ?? null, step, 0);
  return { ...json, ...Object.fromEntries(STEPS.map((s) => [s, json[s] ?? null])), model, added_tokens, post_processor: null };
}

function checkBpe(model: JsonObject): Map<string, number> {
  const { vocab, merges, unk_token: unknown, continuing_subword_prefix: prefix } = model;
  if (!isObject(vocab)) throw new Error('it has no vocabulary');
  if (!Array.isArray(merges)) throw new Error('its BPE model has no merges');
  const tokens = new Map<string, number>(), seen = new Set<number>();
  for (const [token, id] of Object.entries(vocab)) tokens.set(token, checkId(id, token, seen));
  if (tokens.size === 0) throw new Error('its vocabulary is empty');
  if (unknown != null && !tokens.has(unknown as string)) throw new Error(`its unknown token "${short(unknown)}" is not in the vocabulary`);
  const skip = typeof prefix === 'string' ? prefix.length : 0;
  const pairs = Array.isArray(merges[0]); // newer files have ["a", "b"], older ones "a b"
  for (const merge of merges as unknown[]) {
    const parts = pairs ? merge : typeof merge === 'string' ? merge.split(' ') : null;
    if (!Array.isArray(parts) || parts.length !== 2 || !parts.every((p) => typeof p === 'string')) throw new Error('its merges are not pairs of tokens');
    const [left, right] = parts as [string, string];
    for (const token of [left, right, left + right.slice(skip)]) {
      if (!tokens.has(token)) throw new Error(`a merge needs "${short(token)}", which is not in the vocabulary`);
    }
  }
  return tokens;
}

function checkUnigram(model: JsonObject): Map<string, number> {
  const { vocab, unk_id: unknown } = model;
  if (!Array.isArray(vocab) || vocab.length === 0 || vocab.length > MAX_ID) throw new Error('its Unigram vocabulary is not a list of tokens');
  const tokens = new Map<string, number>();
  for (const [id, entry] of (vocab as unknown[]).entries()) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || !Number.isFinite(entry[1])) throw new Error(`token ${id} is not a pair of text and score`);
    tokens.set(entry[0], id);
  }
  if (!isCount(unknown) || unknown >= vocab.length) throw new Error('its unknown token is not in the vocabulary');
  return tokens;
}

/** Added tokens live in the same numbering: one content, one id, and no disagreement with the vocabulary. */
function checkAdded(added: unknown, tokens: ReadonlyMap<string, number>): JsonObject[] {
  if (!Array.isArray(added) || !added.every(isObject)) throw new Error('its added tokens are not a list of objects');
  const ids = new Set(tokens.values()), seen = new Set<number>(), contents = new Set<string>();
  for (const { id, content } of added) {
    if (typeof content !== 'string' || content === '') throw new Error('an added token has no text');
    const number = checkId(id, content, seen), known = tokens.get(content);
    if (contents.has(content)) throw new Error(`the added token "${short(content)}" is there twice`);
    contents.add(content);
    if (known !== undefined ? known !== number : ids.has(number)) throw new Error(`the added token "${short(content)}" claims the id of another token`);
  }
  return added;
}

function checkId(id: unknown, token: string, seen: Set<number>): number {
  if (!isCount(id) || id >= MAX_ID) throw new Error(`the id of "${short(token)}" is not a whole number below ${MAX_ID}`);
  if (seen.has(id)) throw new Error(`two tokens share the id ${id}`);
  seen.add(id);
  return id;
}

/** Normalisers, pre-tokenizers and decoders, and the patterns in them. */
function checkStep(step: unknown, name: string, depth: number): void {
  if (step === null) return;
  if (depth > MAX_DEPTH) throw new Error(`its ${name} is nested more than ${MAX_DEPTH} deep`);
  if (!isObject(step)) throw new Error(`its ${name} is not an object`);
  for (const list of ['normalizers', 'pretokenizers', 'decoders']) {
    const inner = step[list] ?? [];
    if (!Array.isArray(inner)) throw new Error(`its ${name} is not a list of steps`);
    for (const one of inner as unknown[]) checkStep(one, name, depth + 1);
  }
  if (step.type === 'FixedLength' && !(isCount(step.length) && step.length > 0)) throw new Error(`its ${name} cuts pieces of no length`);
  if (step.type === 'Prepend' && typeof step.prepend !== 'string') throw new Error(`its ${name} prepends something other than text`);
  if (step.type === 'Replace' && typeof step.content !== 'string') throw new Error(`its ${name} inserts something other than text`);
  if (step.pattern !== undefined) checkPattern(step.pattern, name);
}

function checkPattern(pattern: unknown, name: string): void {
  const source = isObject(pattern) ? pattern.Regex ?? pattern.String : undefined;
  if (typeof source !== 'string' || source === '') throw new Error(`its ${name} has an empty pattern`);
  if ((pattern as JsonObject).Regex !== undefined && repeatsAmbiguously(source)) {
    throw new Error(`its ${name} has a pattern that could run for ever, "${short(source)}"`);
  }
}

function refuse(why: string): never {
  throw new Error(why);
}

/** At most 40 characters of someone else's text. */
function short(value: unknown): string {
  return String(typeof value === 'object' ? typeof value : value).slice(0, 40);
}
