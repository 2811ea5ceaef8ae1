/**
 * A stranger's name as it can be shown: on one line, cut, with nothing in it that acts on the text
 * around it.
 */

/**
 * Control and format characters (bidi marks among them), ends of lines, lone surrogates, and what
 * is drawn as nothing.
 */
const UNSHOWN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * At most `most` characters; both ends of a longer name stay, since names of one kind differ at
 * either.
 */
export function oneLine(name: string, most = 80): string {
  const shown = Array.from(name.replace(UNSHOWN, '\ufffd').replace(/\s+/g, ' '));
  if (shown.length <= most) return shown.join('');
  const first = Math.floor(most / 3);
  return [...shown.slice(0, first), '…', ...shown.slice(first + 1 - most)].join('');
}

/** Several names, each shown by `oneLine`; those that would look the same are counted. */
export function linesApart(names: readonly string[], most?: number): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    const line = oneLine(name, most);
    let apart = line;
    for (let n = 2; used.has(apart); n++) apart = `${line} (${n})`;
    used.add(apart);
    return apart;
  });
}
