/** AdaRank as a method of the map. `adarank.run.ts` measures it. */
import { drawsMethod, probeCost } from './contract.ts';
import { choice, noise, repeats, whole } from './settings.ts';

/** Sampled: each module is really perturbed. */
export const adarank = drawsMethod({
  settings: {
    /**
     * `two-draws` is the paper's (default). `clean` is the published notebook's: perturbed against
     * clean, ℓ1 mean over the vocabulary, bias perturbed too.
     */
    variant: choice('two-draws', ['two-draws', 'clean']),
    noise,
    repeats: repeats(5),
    /** Number of vocabulary tokens over which ℓ1 is sampled; 0 = all. */
    vocabularySample: whole(0, [0, 1_000_000]),
  },
  counts: (settings) => ({ passes: 0, repeats: settings.repeats }),
  cost: (_, place) => probeCost(place),
  perturbation: (settings) => settings,
  pace: ['variant', 'vocabularySample'],
  code: async () => {
    const { adaRank } = await import('./adarank.run.ts');
    return {
      draws: ({ settings, seed, ...at }) => adaRank({ ...at, options: { seed, ...settings } }),
    };
  },
});
