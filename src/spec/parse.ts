/** Validates a value against a schema. Errors name the wrong setting and the reason. */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';

/**
 * Checks at compile time that a schema and a type agree: `true satisfies Same<z.output<typeof
 * schema>, T>`.
 */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

/** A number within its limits, both inclusive. */
export const within = <S extends z.ZodMiniNumber>(
  schema: S,
  [min, max]: readonly [number, number],
) => schema.check(z.gte(min), z.lte(max));

/** No value occurs twice in the list. */
export const once = z.refine<readonly unknown[]>(
  (list) => new Set(list).size === list.length,
  'each may occur only once',
);

/**
 * Returns the validated value with defaults for absent settings. Throws `bad-spec` with the first
 * wrong setting; `bad-argument` is for calls of the library.
 */
export function parsed<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
  code: 'bad-spec' | 'bad-argument' = 'bad-spec',
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // A call of the library has only the settings that the caller set, not all that are known.
  throw new AtlasError(code, firstIssue(result.error, code === 'bad-spec' ? value : undefined));
}

/**
 * The path and the reason of the first issue, worded for an error message. With the parsed `value`,
 * an unknown setting lists the known ones.
 */
export function firstIssue(error: z.core.$ZodError, value?: unknown): { at: string; why: string } {
  const issue = elementAt(error.issues, 0);
  const path = pathOf(issue);
  const absent = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const message = absent
    ? 'it is missing'
    : issue.code === 'unrecognized_keys'
      ? `there is no such setting${knownSettings(value, issue)}`
      : issue.message;
  return { at: path.map(String).join('.').slice(0, 100) || 'the file', why: message.slice(0, 200) };
}

/** Lists the known settings next to an unknown one. */
function knownSettings(value: unknown, { path, keys }: z.core.$ZodIssueUnrecognizedKeys): string {
  const around = path.reduce<unknown>(
    (v, key) => (isObject(v) ? v[String(key)] : undefined),
    value,
  );
  const known = isObject(around) ? Object.keys(around).filter((key) => !keys.includes(key)) : [];
  return known.length > 0 ? ` (known: ${known.join(', ')})` : '';
}

/** The path of an issue; for an unknown setting, its own path. */
export const pathOf = (issue: z.core.$ZodIssue): PropertyKey[] =>
  issue.code === 'unrecognized_keys' ? [...issue.path, elementAt(issue.keys, 0)] : issue.path;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
