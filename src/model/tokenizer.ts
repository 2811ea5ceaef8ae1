/**
 * Converts text to token ids and back with the tokenizer.json of a model.
 *
 * A thin wrapper around the reference library (Rust `tokenizers`) compiled to WebAssembly
 * (`tools/tokenizers`), so the ids are the library's. Nothing is added (no BOS), truncated or
 * padded, and the library's errors become one sentence. See docs/tokenizers.md.
 */
import { tokenizersModule } from '#tokenizers';
import { defined } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { Once } from '../once.ts';
import { isObject, parseJson } from './json.ts';
import { TOKENIZER_LIMITS, TOKENIZER_RESERVE, TOKENIZER_STEPS } from './tokenizer-limits.ts';

export interface Tokenizer {
  /**
   * Token ids of the text, without additions. Recognises special tokens in the text. Half a
   * surrogate pair counts as U+FFFD. Throws `bad-tokenizer` if the file has no ids for this text,
   * or needs more steps than `TOKENIZER_STEPS` allows.
   */
  encode(text: string): Int32Array;
  /**
   * The text of these ids, including special tokens; ids without a token are skipped. Throws
   * `bad-tokenizer`.
   */
  decode(ids: ArrayLike<number>): string;
  /**
   * One token as text, with its leading space. Bytes of incomplete characters appear as `<0xE3>`.
   */
  token(id: number): string;
  /** All ids are below this number; some may be unused. */
  readonly vocab: number;
}

/**
 * The exports of tools/tokenizers/src/lib.rs. `room` allocates the input; the next call takes
 * ownership of it.
 */
interface Exports {
  memory: WebAssembly.Memory;
  /** Steps left; below zero the module stops. */
  fuel: WebAssembly.Global<'i64'>;
  room(length: number): number;
  load(at: number, length: number): number;
  encode(at: number, length: number): number;
  decode(at: number, length: number): number;
  token(id: number): number;
  vocabulary(): number;
  out_at(): number;
  out_length(): number;
}

const library = new Once(async () => WebAssembly.compile(await tokenizersModule()));

/** Runs work that blocks the thread, so that a watcher can be notified before and after. */
export type Blocking = <T>(work: () => T) => T;

/**
 * Loads a tokenizer from the bytes of a tokenizer.json. `parsed` receives the parsed JSON, so that
 * it need not be parsed again. Throws `bad-tokenizer`.
 */
export async function loadTokenizer(
  json: Uint8Array,
  file = 'tokenizer.json',
  blocking: Blocking = (work) => work(),
  parsed: (value: unknown) => void = () => undefined,
): Promise<Tokenizer> {
  const module = await library.get();
  const refuse = (why: string, cause?: unknown): never => {
    throw new AtlasError(
      'bad-tokenizer',
      { file, why: why.replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 200) },
      { cause },
    );
  };
  let instance: Exports | null = null; // null: it stopped and must be recreated
  let reserve: number = TOKENIZER_RESERVE;

  /**
   * The output of a call; null if the library refused and `refused` returned. A trap ends the
   * instance, not the tokenizer.
   */
  function call(
    at: Exports,
    what: keyof typeof TOKENIZER_STEPS,
    input: Uint8Array | number,
    refused: (why: string) => null = refuse,
  ): Uint8Array | null {
    const bytes = typeof input === 'number' ? 0 : input.length;
    const { call: own, aByte } = TOKENIZER_STEPS[what];
    const allowed = own + aByte * bytes;
    at.fuel.value = BigInt(allowed + reserve);
    let status: number;
    try {
      status =
        typeof input === 'number'
          ? at.token(input)
          : at[what as 'load' | 'encode' | 'decode'](...given(at, input));
    } catch (error) {
      instance = null;
      if (at.fuel.value < 0n)
        return refuse(
          what === 'load'
            ? 'reading it takes too many steps'
            : `it takes too many steps for ${bytes} bytes`,
          error,
        );
      return refuse(outputText(at) || `the library stopped (${(error as Error).message})`, error);
    } finally {
      if (what !== 'load') reserve = Math.max(0, Math.min(reserve, Number(at.fuel.value)));
    }
    return status === 0 ? out(at) : refused(outputText(at));
  }

  function start(): Exports {
    const { exports } = new WebAssembly.Instance(module, {});
    const made = exports as unknown as Exports;
    call(made, 'load', json);
    return (instance = made);
  }
  const running = () => instance ?? start();

  try {
    blocking(() => {
      const value = sized(json);
      start();
      parsed(value);
    });
  } catch (error) {
    if (error instanceof AtlasError) throw error;
    refuse((error as Error).message, error);
  }
  return {
    encode(text) {
      const bytes = defined(call(running(), 'encode', new TextEncoder().encode(text)));
      return new Int32Array(bytes.slice().buffer);
    },
    decode(ids) {
      const bytes = defined(call(running(), 'decode', new Uint8Array(Int32Array.from(ids).buffer)));
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    },
    token(id) {
      const bytes = call(running(), 'token', id, () => null);
      if (bytes === null) return `#${id}`;
      const token = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(1));
      switch (bytes[0]) {
        case 0:
          return token;
        case 1:
          return readBytes(token);
        default:
          return token.replaceAll('▁', ' ');
      }
    },
    vocab: running().vocabulary(),
  };
}

/**
 * Parses the file and checks its sizes before the library processes it. Throws an Error with a
 * short reason.
 */
function sized(json: Uint8Array): unknown {
  const checkLimit = (count: number, allowed: number, what: string) => {
    if (count > allowed) throw new Error(`it has ${count} ${what}, but ${allowed} are allowed`);
  };
  checkLimit(json.length, TOKENIZER_LIMITS.bytes, 'bytes');
  const { value } = parseJson(json);
  if (!isObject(value)) return value; // the library refuses it
  checkLimit(sizeOf(value.added_tokens), TOKENIZER_LIMITS.addedTokens, 'added tokens');
  if (!isObject(value.model)) return value;
  checkLimit(sizeOf(value.model.vocab), TOKENIZER_LIMITS.vocabulary, 'tokens in its vocabulary');
  checkLimit(sizeOf(value.model.merges), TOKENIZER_LIMITS.merges, 'merges');
  return value;
}

function sizeOf(list: unknown): number {
  if (Array.isArray(list)) return list.length;
  return isObject(list) ? Object.keys(list).length : 0;
}

/** Copies bytes to memory that the library takes over. */
function given(at: Exports, bytes: Uint8Array): [at: number, length: number] {
  const pointer = at.room(bytes.length);
  new Uint8Array(at.memory.buffer, pointer, bytes.length).set(bytes);
  return [pointer, bytes.length];
}

/** A view of the last call's output, valid until the next call. */
const out = (at: Exports): Uint8Array =>
  new Uint8Array(at.memory.buffer, at.out_at(), at.out_length());
const outputText = (at: Exports): string => new TextDecoder().decode(out(at));

/**
 * GPT-2's byte alphabet: printable Latin-1 characters represent themselves; the other bytes are
 * U+0100 and up, in order.
 */
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
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes as number[]),
    );
  } catch {
    // An incomplete character: show its bytes.
    return bytes
      .map((b) =>
        defined(b) >= 0x20 && defined(b) < 0x7f
          ? String.fromCharCode(defined(b))
          : `<0x${defined(b).toString(16).toUpperCase().padStart(2, '0')}>`,
      )
      .join('');
  }
}
