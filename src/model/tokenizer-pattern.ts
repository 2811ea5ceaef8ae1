/**
 * Catastrophic patterns, told from their shape.
 *
 * A backtracking matcher takes exponential time only where a repeated group can match the same text in several
 * ways: `(a+)+`, `(a|a)*`, `(a?b?)+`. A match in progress cannot be interrupted, so a pattern is refused when it
 * repeats a group whose body is not of one fixed shape. Tokenizers repeat single characters and classes (`\p{L}+`)
 * or fixed groups (`(\d{3})+`); of those in use, only EXAONE 4's is refused, though it happens to be harmless.
 */

/** A group repeated at most this often is harmless. */
const FEW = 8;

/** Whether this Oniguruma pattern repeats, without a small bound, a group that holds alternatives or quantifiers. */
export function repeatsAmbiguously(pattern: string): boolean {
  const open = [false]; // per open group, the outermost first: can its body match in more than one shape?
  let inClass = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '\\') i++;
    else if (char === '[') inClass++; // classes nest in Oniguruma
    else if (inClass > 0) inClass -= char === ']' ? 1 : 0;
    else if (char === '(') {
      open.push(false);
      if (pattern[i + 1] === '?') i++; // (?: (?= (?i: …
    } else {
      const closed = char === ')' && open.length > 1 ? open.pop()! : null;
      const { most, fixed } = quantifier(pattern, closed === null ? i : i + 1);
      if (closed && most > FEW) return true;
      if (closed || char === '|' || !fixed) open[open.length - 1] = true;
    }
  }
  return false;
}

/** The quantifier at `at`: its upper bound, and whether it is a plain count (or none at all). */
function quantifier(pattern: string, at: number): { most: number; fixed: boolean } {
  const char = pattern[at];
  if (char === '*' || char === '+') return { most: Infinity, fixed: false };
  if (char === '?') return { most: 1, fixed: false };
  const braces = /^\{(\d*)(,?)(\d*)\}/.exec(pattern.slice(at, at + 24));
  if (!braces) return { most: 1, fixed: true };
  const [, least, comma, most] = braces;
  return { most: Number(comma ? most || Infinity : least), fixed: comma === '' };
}
