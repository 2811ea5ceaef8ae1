/**
 * Text to token ids and back, by the tokenizer.json that came with a model.
 *
 * A thin door to @huggingface/tokenizers: the file is checked first, nothing is ever added to the text (no BOS), and
 * what the library throws becomes one sentence.
 */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { AtlasError } from '../errors.ts';
import { parseJson } from './json.ts';
import { checkTokenizer } from './tokenizer-check.ts';

export interface Tokenizer {
  /** Token ids of the text, nothing added. Special tokens written out in the text are recognised. */
  encode(text: string): Int32Array;
  /** The text of these ids, special tokens included. */
  decode(ids: ArrayLike<number>): string;
  /** One token as a reader sees it, its leading space kept; bytes that are not a whole character as `<0xE3>`. */
  token(id: number): string;
  /** All ids are below this number (some may be unused). */
  readonly vocab: number;
}

/** Letters, digits, spaces, accents, CJK, emoji: a tokenizer that fails on these fails at load, not in a run. */
const PROBE = 'Hello,  world 42!\n\tÜber café 日本語 😀';

/** Reads the bytes of a tokenizer.json. Throws `bad-tokenizer`. */
export function loadTokenizer(json: Uint8Array, file = 'tokenizer.json'): Tokenizer {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new AtlasError('bad-tokenizer', { file, why: (error as Error).message.slice(0, 200) }, { cause: error });
    }
  };
  const checked = guard(() => checkTokenizer(parseJson(json).value));
  const library = guard(() => new Library(checked, {}));
  const tokens = library.model!.vocab;
  const added = new Set(checked.added_tokens.map((t) => t.id));
  const byteLevel = guard(() => JSON.stringify(checked.decoder)).includes('"ByteLevel"');

  const tokenizer: Tokenizer = {
    encode: (text) => guard(() => Int32Array.from(library.encode(text, { add_special_tokens: false }).ids)),
    decode: (ids) => ids.length === 0 ? ''
      : guard(() => library.decode(Array.from(ids), { clean_up_tokenization_spaces: false })),
    token(id) {
      const token = tokens[id];
      if (token === undefined) return `#${id}`;
      if (added.has(id)) return token;
      return byteLevel ? readBytes(token) : token.replaceAll('▁', ' ');
    },
    vocab: tokens.length,
  };
  tokenizer.decode(tokenizer.encode(PROBE));
  return tokenizer;
}

/** GPT-2's alphabet: printable Latin-1 characters stand for themselves, the other bytes for U+0100 and on, in order. */
const byteOfCharacter = (() => {
  const bytes = new Map<string, number>();
  let next = 0x100;
  for (let b = 0; b < 256; b++) {
    const printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b !== 0xad);
    bytes.set(String.fromCharCode(printable ? b : next++), b);
  }
  return bytes;
})();

function readBytes(token: string): string {
  const bytes = Array.from(token, (c) => byteOfCharacter.get(c));
  if (bytes.some((b) => b === undefined)) return token;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes as number[]));
  } catch { // part of a character: show its bytes instead
    return bytes.map((b) => b! >= 0x20 && b! < 0x7f ? String.fromCharCode(b!) : `<0x${b!.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
  }
}
