/**
 * Validates a user's text and splits it into passages: at blank lines in plain text, one per line
 * in JSON Lines (its `text`).
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { refusePointer } from './lfs.ts';
import { READ_LIMITS } from './limits.ts';
import { describeBytes } from './figures.ts';

/** Longer passages are split at a space, so that no single tokenization takes long. */
const PASSAGE_CHARACTERS = 20_000;

export interface TextFile {
  name: string;
  bytes: Uint8Array;
}

/**
 * Decodes a text file. Throws `bad-text` if it is empty, binary, not UTF-8 or too long (checked by
 * size before decoding).
 */
export function decodeText({ name, bytes }: TextFile): string {
  checkSize(bytes.byteLength);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw bad(`${name} is UTF-16`, 'Save it as UTF-8 and try again.');
  if (bytes.includes(0)) throw bad(`${name} is a binary file`, 'Use plain text.');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw bad(`${name} is not UTF-8`, 'Save it as UTF-8 and try again.', cause);
  }
  if (text.trim() === '') throw bad(`${name} is empty`, 'Use a file with a few sentences.');
  return text;
}

/**
 * Passages in order, none empty. `jsonl`: one JSON object with "text" per line. Throws `bad-text`,
 * `lfs-pointer`.
 */
export function passagesOf(text: string, format: 'plain' | 'jsonl' = 'plain'): string[] {
  checkSize(text.length); // at least as many bytes
  if (text.trim() === '') throw bad('it is empty', 'Paste a few sentences.');
  refusePointer(new TextEncoder().encode(text.slice(0, 100)), 'The text');
  if (isBinary(text)) throw bad('most of its characters are not readable', 'Use plain text.');
  const whole =
    format === 'jsonl' ? jsonLines(text) : text.replaceAll('\r\n', '\n').split(/\n[ \t]*\n\s*/);
  return whole.flatMap(cut).filter((passage) => passage.trim() !== '');
}

function checkSize(bytes: number): void {
  if (bytes > READ_LIMITS.text) {
    throw bad(
      `it has ${describeBytes(bytes)}, but ${describeBytes(READ_LIMITS.text)} are allowed`,
      'Use a part of it: a few pages are enough.',
    );
  }
}

/**
 * Binary if more than one character in fifty is undecodable or a control character other than white
 * space, or if it contains NUL.
 */
function isBinary(text: string): boolean {
  const strange =
    text.length - text.replace(/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/g, '').length;
  return text.includes('\0') || strange * 50 > text.length;
}

function jsonLines(text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = (JSON.parse(line) as { text?: unknown } | null)?.text;
    } catch {
      /* not an object with a text either */
    }
    if (typeof value !== 'string')
      throw bad(
        `line ${i + 1} is not a JSON object with a "text"`,
        'Correct that line, or use plain text.',
      );
    return [value];
  });
}

function cut(passage: string): string[] {
  const pieces: string[] = [];
  while (passage.length > PASSAGE_CHARACTERS) {
    const space = passage.lastIndexOf(' ', PASSAGE_CHARACTERS);
    let end = space > PASSAGE_CHARACTERS / 2 ? space : PASSAGE_CHARACTERS;
    if (/[\ud800-\udbff]/.test(elementAt(passage, end - 1))) end--; // do not split a surrogate pair
    pieces.push(passage.slice(0, end));
    passage = passage.slice(end);
  }
  return [...pieces, passage];
}

function bad(why: string, remedy: string, cause?: unknown): AtlasError {
  return new AtlasError('bad-text', { why, remedy }, { cause });
}
