/** The Jacobian probe as a method of the map. `jacobian.run.ts` measures it. */
import { drawsMethod, passCost } from './contract.ts';
import { choice, noise, repeats } from './settings.ts';

/**
 * Predicts the effect of AdaRank's noise to first order from backward passes (docs/jacobian.md).
 */
export const jacobian = drawsMethod({
  settings: {
    noise,
    /** Draws of signs u, one backward pass each. */
    repeats: repeats(8),
    /**
     * Signs of one position at a time: one backward pass per token of a sequence. Differences
     * between positions then cause no loss.
     */
    perToken: choice(false, [false, true]),
  },
  counts: (settings) => ({ passes: settings.repeats, repeats: 0 }),
  cost: ({ perToken }, place) => passCost(place, perToken ? place.length : 1),
  pace: ['perToken'],
  code: async () => {
    const { jacobianProbe } = await import('./jacobian.run.ts');
    return {
      draws: ({ settings, seed, ...at }) =>
        jacobianProbe({ ...at, options: { seed, draws: settings.repeats, ...settings } }),
    };
  },
});
