/** What two states have in common stays the same object, so that nobody draws it again. */

/**
 * `now`, with the parts of `before` that are equal in their place. Plain data: objects, arrays,
 * numbers, texts; arrays of bytes and floats are taken as they are.
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
