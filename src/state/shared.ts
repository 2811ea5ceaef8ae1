/** Reuses unchanged objects of the previous state, so that the page does not render them again. */

/**
 * Returns `now`, with equal parts replaced by those of `before`. For plain data: objects, arrays,
 * numbers, strings. Typed arrays are not compared.
 */
export function shared<T>(before: unknown, now: T): T {
  if (Object.is(before, now)) return now;
  if (!isPlain(before) || !isPlain(now) || Array.isArray(before) !== Array.isArray(now)) return now;
  const keys = Object.keys(now);
  const parts = keys.map((key) => shared(before[key], now[key]));
  if (
    keys.length === Object.keys(before).length &&
    keys.every((key, i) => parts[i] === before[key])
  )
    return before as T;
  if (Array.isArray(now)) return parts as T;
  return Object.fromEntries(keys.map((key, i) => [key, parts[i]])) as T;
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
