/**
 * Texts of strangers on a terminal: names, sentences of a library, tokens. What would move the
 * cursor, change colours or turn text around is shown as its number.
 */

/** Controls but tab and end of line, and marks that turn text around. */
const ACTS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** In JSON the same text still: there these characters only stand inside of strings. */
export const plain = (text: string): string =>
  text.replace(ACTS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Whatever is printed from here on is plain, until the function that comes back is called. */
export function plainConsole(): () => void {
  const { log, error } = console;
  const shown = (words: unknown[]) => words.map((w) => (typeof w === 'string' ? plain(w) : w));
  console.log = (...words) => log(...shown(words));
  console.error = (...words) => error(...shown(words));
  return () => Object.assign(console, { log, error });
}
