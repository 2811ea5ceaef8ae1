/** Finds the choices that a schema offers. */
import type * as z from 'zod/mini';

/** Joins the keys of two levels to a path: `training` and `steps` to `training.steps`. */
export const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** The parts of zod's definitions that lead to nested schemas. */
interface Definition {
  type: string;
  shape?: Record<string, z.core.$ZodType>;
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  out?: z.core.$ZodType;
  options?: z.core.$ZodType[];
  discriminator?: string;
}

/**
 * Maps the path of every choice between objects (a discriminated union) to the key that selects the
 * variant: `text` to `kind`, `method` to `name`.
 */
export function selectorsOf(schema: z.core.$ZodType): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (part: z.core.$ZodType | undefined, path: string): void => {
    if (!part) return;
    const { shape, innerType, options, discriminator, ...pipe } = part._zod.def as Definition;
    if (discriminator !== undefined) found.set(path, discriminator);
    for (const [key, value] of Object.entries(shape ?? {})) walk(value, joined(path, key));
    for (const inner of [innerType, pipe.in, pipe.out, ...(options ?? [])]) walk(inner, path);
  };
  walk(schema, '');
  return found;
}
