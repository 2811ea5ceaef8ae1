/** The race study: several allocations on one budget with the same data, seeds and steps. */
import type { Study } from '../contract.ts';
import type { RaceState } from './state.ts';

export const race: Study<RaceState> = {
  order: 3,
  code: async () => {
    const [{ runRace }, { reduceRace, raceProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runRace, reduce: reduceRace, progress: raceProgress };
  },
  need: async () => (await import('./need.ts')).raceNeed,
  uses: () => ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method', 'training'],
  trains: true,
  takesAdapter: ({ race: { entries } }) => entries.includes('imported'),
  texts: ({ text, training }) => [text, training.train, training.held],
};
