/**
 * Makes untrusted names safe to display: one line, limited length, no characters that affect the
 * surrounding text.
 */

/**
 * Control and format characters (bidi marks included), line separators, lone surrogates and
 * invisible characters.
 */
const UNSHOWN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * At most `maxLength` characters. A longer name is cut in the middle, since similar names differ at
 * either end.
 */
export function oneLine(name: string, maxLength = 80): string {
  const shown = Array.from(name.replace(UNSHOWN, '\ufffd').replace(/\s+/g, ' '));
  if (shown.length <= maxLength) return shown.join('');
  const first = Math.floor(maxLength / 3);
  return [...shown.slice(0, first), '…', ...shown.slice(first + 1 - maxLength)].join('');
}

/** Applies `oneLine` to several names and numbers those that would look the same. */
export function linesApart(names: readonly string[], maxLength?: number): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    const line = oneLine(name, maxLength);
    let apart = line;
    for (let n = 2; used.has(apart); n++) apart = `${line} (${n})`;
    used.add(apart);
    return apart;
  });
}
