/** AdaRank as a method of the map; how it measures is in `adarank.run.ts`. */
import * as z from 'zod/mini';
import { adarankWords } from './adarank.words.ts';
import { drawsMethod, shakeCost } from './contract.ts';
import { noise, repeats, whole } from './settings.ts';

/** Sampled: each module is really shaken. */
export const adarank = drawsMethod({
  words: adarankWords,
  settings: {
    /**
     * `two-draws` is the paper's (default); `clean` the published notebook's: perturbed against
     * clean, ℓ1 mean over the vocabulary, bias shaken too.
     */
    variant: z._default(z.enum(['two-draws', 'clean']), 'two-draws'),
    noise,
    repeats: repeats(5),
    /** Tokens of the vocabulary over which ℓ1 is sampled; 0 = all. */
    vocabularySample: whole(0, [0, 1_000_000]),
  },
  counts: (settings) => ({ passes: 0, repeats: settings.repeats }),
  cost: (_, place) => shakeCost(place),
  shaken: (settings) => settings,
  pace: ['variant', 'vocabularySample'],
  code: async () => {
    const { adaRank } = await import('./adarank.run.ts');
    return {
      draws: ({ settings, seed, ...at }) => adaRank({ ...at, options: { seed, ...settings } }),
    };
  },
});
