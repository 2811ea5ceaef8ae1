/** Validates what a caller passes, so that JavaScript callers get an error instead of NaN. */
import * as z from 'zod/mini';
import { AtlasError } from '../errors.ts';
import '../spec/messages.ts';
import { parsed } from '../spec/parse.ts';

export const atLeast = (min: number) => z.int().check(z.gte(min));
export const positive = z.number().check(z.gt(0));
/** Seeds are 32 bits; others would give the numbers of another seed. */
export const seedSchema = z.int().check(z.gte(0), z.lte(2 ** 32 - 1));

/**
 * Throws `bad-argument` for an option that a function does not have, such as a misspelt one.
 * `others`: what is left of the caller's options.
 */
export function refuseOthers(others: object): void {
  const [at] = Object.keys(others);
  if (at !== undefined)
    throw new AtlasError('bad-argument', { at, why: 'there is no such option' });
}

/** Time between two yields, in milliseconds. */
const TURN = 30;

/**
 * Returns a function to await between two parts of a long call. From time to time it lets timers,
 * signals and other events of the process or page run. Throws `cancelled` if `signal` is aborted.
 */
export function pausing(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last >= TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      last = performance.now();
    }
    checkAborted(signal);
  };
}

/** Throws `cancelled` if the signal is aborted. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AtlasError('cancelled');
}

const batchSchema = z.object({
  ids: z.instanceof(Int32Array),
  sequences: atLeast(1),
  length: atLeast(1),
});
const adapterSchema = z.object({
  values: z.array(z.unknown()),
  scale: z.custom((v) => typeof v === 'function', 'it must be a function'),
});
const checks = { batch: batchSchema, adapter: adapterSchema };

/** Throws `bad-argument` if the argument `name` is no batch of tokens, or no adapter. */
export function checkArgument(kind: keyof typeof checks, name: string, value: unknown): void {
  parsedArguments(z.object({ [name]: checks[kind] }), { [name]: value });
}

/** Returns the validated arguments. Throws `bad-argument` with the first wrong one. */
export const parsedArguments = <T>(schema: z.ZodMiniType<T>, args: unknown): T =>
  parsed(schema, args, 'bad-argument');
