/**
 * Checks of untrusted JSON that JSON.parse lacks: strict UTF-8, depth, number of keys, repeated
 * keys.
 */
import { describeCount } from './figures.ts';

/**
 * Real files are nested about a dozen deep. Much deeper nesting overflows the stack of code that
 * walks it.
 */
const MAX_NESTING = 500;

/**
 * Parses strict UTF-8 JSON with limited nesting and at most `mostKeys` keys. Throws an Error with a
 * short reason ("it is not UTF-8 text", "it is not JSON").
 */
export function parseJson(bytes: Uint8Array, maxKeys = Infinity): { text: string; value: unknown } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not UTF-8 text', { cause });
  }
  const { deepest, keys } = outlineOf(text);
  if (deepest > MAX_NESTING) throw new Error(`it is nested more than ${MAX_NESTING} deep`);
  if (keys > maxKeys) throw new Error(`it has more than ${describeCount(maxKeys)} keys`);
  try {
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw new Error('it is not JSON', { cause });
  }
}

/** An untrusted name for use in a sentence: quoted, on one line, at most `maxLength` characters. */
export const quoted = (name: string, maxLength = 100): string =>
  JSON.stringify(name.slice(0, maxLength));

/** Maximum number of open brackets, and number of colons, both outside strings. */
function outlineOf(text: string): { deepest: number; keys: number } {
  let open = 0;
  let deepest = 0;
  let keys = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) quoted = !quoted;
    else if (quoted) i += code === 0x5c ? 1 : 0;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++open);
    else if (code === 0x5d || code === 0x7d) open--;
    else if (code === 0x3a) keys++;
  }
  return { deepest, keys };
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * A key that an object in this valid JSON text contains twice, or null. JSON.parse silently uses
 * the last one.
 */
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
