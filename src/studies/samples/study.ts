/** The samples study: generated text with and without an adapter. */
import type { Study } from '../contract.ts';
import type { SamplesState } from './state.ts';

export const samples: Study<SamplesState> = {
  order: 7,
  code: async () => {
    const [{ runSamples }, { reduceSamples, samplesProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runSamples, reduce: reduceSamples, progress: samplesProgress };
  },
  uses: () => ['model', 'bos', 'seed'],
  trains: false,
  takesAdapter: () => true,
  texts: ({ samples: { prompt } }) => [{ kind: 'own', text: prompt }],
};
