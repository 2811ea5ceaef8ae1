/** Settings of the samples study: prompt, sampling and adapter. */
import * as z from 'zod/mini';
import { type Same, within } from '../../spec/parse.ts';

export interface SamplesSettings {
  prompt: string;
  tokens: number;
  /** 0: always the most likely token. */
  temperature: number;
  topP: number;
  /** Name of a saved adapter; null: the most recently saved. */
  adapter: string | null;
  /** Rank of an adapter trained for every rank; null: its own. */
  rank: number | null;
}

export const SAMPLES_LIMITS = {
  tokens: [1, 1024],
  temperature: [0, 5],
  topP: [0.01, 1],
  rank: [1, 64],
  prompt: [1, 4000],
} as const satisfies Record<string, readonly [number, number]>;

export const samplesSchema = z.strictObject({
  // The bundled model continues this prompt differently from its fine-tuning text, Newton's
  // Opticks.
  prompt: z._default(
    z.string().check(z.minLength(SAMPLES_LIMITS.prompt[0]), z.maxLength(SAMPLES_LIMITS.prompt[1])),
    'The light of the sun',
  ),
  tokens: z._default(within(z.int(), SAMPLES_LIMITS.tokens), 48),
  temperature: z._default(within(z.number(), SAMPLES_LIMITS.temperature), 0),
  topP: z._default(within(z.number(), SAMPLES_LIMITS.topP), 1),
  adapter: z._default(z.nullable(z.string().check(z.minLength(1), z.maxLength(100))), null),
  rank: z._default(z.nullable(within(z.int(), SAMPLES_LIMITS.rank)), null),
});

true satisfies Same<z.output<typeof samplesSchema>, SamplesSettings>;
