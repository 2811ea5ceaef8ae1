/** Settings that several methods share, with their defaults and limits. */
import * as z from 'zod/mini';

/** Smallest and largest value of each. */
export const METHOD_LIMITS = {
  repeats: [1, 64],
  sigma: [1e-6, 10],
} as const satisfies Record<string, readonly [number, number]>;

/** A whole number within inclusive limits. */
export const whole = (normal: number, [min, max]: readonly [number, number]) =>
  z._default(z.int().check(z.gte(min), z.lte(max)), normal);

/** Number of values per module, of the kind that Play adds to. Every method of the map has it. */
export const repeats = (normal: number) => whole(normal, METHOD_LIMITS.repeats);

/** Gaussian noise on a module's weight: `std` = std(W) per module (default), or a fixed σ. */
export type Noise = { scale: 'std' } | { scale: 'fixed'; sigma: number };

export const noise = z._default(
  z.discriminatedUnion('scale', [
    z.strictObject({ scale: z.literal('std') }),
    z.strictObject({
      scale: z.literal('fixed'),
      sigma: z._default(
        z.number().check(z.gte(METHOD_LIMITS.sigma[0]), z.lte(METHOD_LIMITS.sigma[1])),
        0.05,
      ),
    }),
  ]),
  { scale: 'std' },
);

/** The noise in a method's settings; std(W) for a method without the setting. */
export const noiseOf = (settings: object): Noise =>
  'noise' in settings ? (settings.noise as Noise) : { scale: 'std' };
