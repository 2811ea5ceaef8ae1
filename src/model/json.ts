/**
 * What JSON.parse does not say about untrusted JSON: whether it is UTF-8, and whether a key is given twice.
 */

/** Strict UTF-8 and JSON; throws an Error with a short reason ("it is not UTF-8", "it is not JSON"). */
export function parseJson(bytes: Uint8Array): { text: string; value: unknown } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not UTF-8 text', { cause });
  }
  try {
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw new Error('it is not JSON', { cause });
  }
}

/** A stranger's name as a sentence can hold it: in quotes, on one line, not too long. */
export const quoted = (name: string, most = 100): string => JSON.stringify(name.slice(0, most));

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A key that some object of this (valid) JSON text names twice, or null. JSON.parse silently keeps the last one. */
export function repeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = []; // one per bracket; null for arrays
  for (const match of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g)) {
    const [token, colon] = match;
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return null;
}
