/** Reading a value by a schema: what it is, or which setting is wrong and why. */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';

// The small build of zod comes without the words of its messages.
z.config(z.locales.en());

/** A schema and a type say the same: `true satisfies Same<z.output<typeof schema>, T>`. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

/** A number within its limits, both allowed. */
export const within = <S extends z.ZodMiniNumber>(
  schema: S,
  [least, most]: readonly [number, number],
) => schema.check(z.gte(least), z.lte(most));

/** No value stands in the list twice. */
export const once = z.refine<readonly unknown[]>(
  (list) => new Set(list).size === list.length,
  'each may be named once',
);

/**
 * A value that fits a schema, absent settings filled in. Throws `bad-spec` naming the first setting
 * that is wrong.
 */
export function parsed<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AtlasError('bad-spec', firstIssue(result.error, value));
}

/**
 * Where the first fault is and why, in words fit for an error's sentence; with `value`, what was
 * parsed, also which settings there are.
 */
export function firstIssue(error: z.core.$ZodError, value?: unknown): { at: string; why: string } {
  const issue = elementAt(error.issues, 0);
  const path = pathOf(issue);
  const absent = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const message = absent
    ? 'it is missing'
    : issue.code === 'unrecognized_keys'
      ? `there is no such setting${beside(value, issue)}`
      : issue.message;
  return { at: path.map(String).join('.').slice(0, 100) || 'the file', why: message.slice(0, 200) };
}

/** The settings that stand beside an unknown one. */
function beside(value: unknown, { path, keys }: z.core.$ZodIssueUnrecognizedKeys): string {
  const around = path.reduce<unknown>(
    (v, key) => (isObject(v) ? v[String(key)] : undefined),
    value,
  );
  const known = isObject(around) ? Object.keys(around).filter((key) => !keys.includes(key)) : [];
  return known.length > 0 ? ` (there are ${known.join(', ')})` : '';
}

/** Where an issue is; an unknown setting is at its own name. */
export const pathOf = (issue: z.core.$ZodIssue): PropertyKey[] =>
  issue.code === 'unrecognized_keys' ? [...issue.path, elementAt(issue.keys, 0)] : issue.path;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
