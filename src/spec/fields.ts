/** Derives the form fields of a method's settings from their schemas. */
import * as z from 'zod/mini';
import { methodOf, type MethodName } from '../methods/importance/registry.ts';

export type Field = { key: string; normal: unknown } & (
  | { kind: 'number'; whole: boolean; min: number; max: number }
  | { kind: 'choice'; options: readonly (string | boolean)[] }
  /** A form must support this field by name, or omits it. */
  | { kind: 'other' }
);

/** The parts of zod's definitions that are used here. */
interface Definition {
  type: string;
  innerType?: z.core.$ZodType;
  entries?: Record<string, string>;
  /** Numbers only: set for integers. */
  format?: string;
  checks?: z.core.$ZodCheck[];
}

interface Bound {
  check: string;
  value?: number;
}

/** The settings of a method except its name, in the schema's order. */
export const methodFields = (name: MethodName): Field[] =>
  Object.entries(methodOf(name).settings).map(([key, schema]) =>
    fieldOf(key, schema, z.parse(schema, undefined)),
  );

function fieldOf(key: string, schema: z.core.$ZodType, normal: unknown): Field {
  const { type, innerType, entries, format, checks = [] } = schema._zod.def as Definition;
  if (innerType) return fieldOf(key, innerType, normal);
  const bound = (check: string) =>
    checks.map((c) => c._zod.def as Bound).find((c) => c.check === check)?.value;
  const min = bound('greater_than');
  const max = bound('less_than');
  if (type === 'number' && min !== undefined && max !== undefined)
    return { key, normal, kind: 'number', whole: format !== undefined, min, max };
  if (type === 'enum' && entries)
    return { key, normal, kind: 'choice', options: Object.values(entries) };
  if (type === 'boolean') return { key, normal, kind: 'choice', options: [false, true] };
  return { key, normal, kind: 'other' };
}
