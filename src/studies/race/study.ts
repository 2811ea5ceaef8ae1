/** The race study: several allocations on one budget with the same data, seeds and steps. */
import type { Study } from '../contract.ts';
import { raceSchema, type RaceSettings } from './settings.ts';
import type { RaceState } from './state.ts';

export const race: Study<RaceSettings, RaceState> = {
  settings: raceSchema,
  labels: {
    en: {
      tab: 'Race',
      ready: 'Nothing trained yet',
      next: 'Play trains adapters on one budget.',
      running: 'Racing',
      done: 'The race is over',
    },
    ja: {
      tab: '比較学習',
      ready: 'まだ学習していません',
      next: '再生を押すと同じ予算で各アダプターを学習します。',
      running: '比較学習中',
      done: '比較学習が終わりました',
    },
  },
  presets: {
    /** Three allocations on one budget: what do the ranks gain? */
    race: {
      spec: { study: 'race' },
      en: {
        name: 'What do the ranks gain?',
        look: 'Look for: lines that diverge. One seed proves nothing.',
      },
      ja: {
        name: '何が得られる？',
        look: '見どころ：線が分かれるか。シード1つでは何も言えません。',
      },
    },
    /** The same over four budgets, with inverse AdaRank as a control. */
    'when-does-it-matter': {
      spec: {
        study: 'race',
        race: { entries: ['adarank', 'uniform', 'random', 'inverse'], meanRanks: [1, 2, 4, 8] },
        training: { steps: 40, batch: 4 },
      },
      en: { name: 'When does it matter?', look: 'Look for: the budget at which the lines meet.' },
      ja: { name: 'いつ効く？', look: '見どころ：線が重なり始める予算。' },
    },
  },
  place: 'tab',
  code: async () => {
    const [{ runRace }, { reduceRace, raceProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runRace, reduce: reduceRace, progress: raceProgress };
  },
  report: () => import('./report.ts'),
  need: async () => (await import('./need.ts')).raceNeed,
  uses: () => ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method', 'training'],
  trains: true,
  takesAdapter: ({ race: { entries } }) => entries.includes('imported'),
  texts: ({ text, training }) => [text, training.train, training.held],
};
