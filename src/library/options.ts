/** Validates what a caller passes, so that JavaScript callers get an error instead of NaN. */
import * as z from 'zod/mini';

export const atLeast = (min: number) => z.int().check(z.gte(min));
export const positive = z.number().check(z.gt(0));
/** Seeds are 32 bits; others would give the numbers of another seed. */
export const seedSchema = z.int().check(z.gte(0), z.lte(2 ** 32 - 1));
