/** Validates what a caller passes, so that JavaScript callers get an error instead of NaN. */
import * as z from 'zod/mini';
import { parsed } from '../spec/parse.ts';

export const atLeast = (min: number) => z.int().check(z.gte(min));
export const positive = z.number().check(z.gt(0));
/** Seeds are 32 bits; others would give the numbers of another seed. */
export const seedSchema = z.int().check(z.gte(0), z.lte(2 ** 32 - 1));

/** Returns the validated arguments. Throws `bad-argument` with the first wrong one. */
export const parsedArguments = <T>(schema: z.ZodMiniType<T>, args: unknown): T =>
  parsed(schema, args, 'bad-argument');
