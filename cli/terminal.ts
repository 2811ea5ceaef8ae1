/**
 * Escapes untrusted text for a terminal. Characters that move the cursor, change colours or reverse
 * text are printed as escapes.
 */

/** Control characters except tab and newline, line separators and bidirectional marks. */
const ACTS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON stays equivalent: these characters occur in it only inside strings. */
export const plain = (text: string): string =>
  text.replace(ACTS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Makes `console.log` and `console.error` escape their text. Returns a function that restores them.
 */
export function plainConsole(): () => void {
  const { log, error } = console;
  const shown = (words: unknown[]) => words.map((w) => (typeof w === 'string' ? plain(w) : w));
  console.log = (...words) => log(...shown(words));
  console.error = (...words) => error(...shown(words));
  return () => Object.assign(console, { log, error });
}
