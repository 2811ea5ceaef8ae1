/** Settings, labels and presets of the race. */
import type { StudyManifest } from '../contract.ts';
import { raceSchema, type RaceSettings } from './settings.ts';
import type { RaceState } from './state.ts';

export const race: StudyManifest<RaceSettings, RaceState> = {
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
      tab: '比較レース',
      ready: 'まだ学習していません',
      next: '「実行」を押すと、同じ予算で各アダプターを学習します。',
      running: '比較レースを実行中',
      done: '比較レースが完了しました',
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
        name: '割り当ての効果は？',
        look: '見どころ：損失曲線に差が出るか。シード1つでは判断できません。',
      },
    },
    /** The same over four budgets, with the inverse as a control. Intervals need three seeds. */
    'when-does-it-matter': {
      spec: {
        study: 'race',
        race: {
          entries: ['adarank', 'uniform', 'random', 'inverse'],
          meanRanks: [1, 2, 4, 8],
          seeds: 3,
        },
        training: { steps: 40, batch: 4 },
      },
      en: { name: 'When does it matter?', look: 'Look for: bars that do not reach zero.' },
      ja: { name: '効果が出る予算は？', look: '見どころ：0にかからない信頼区間。' },
    },
  },
  place: 'tab',
  report: () => import('./report.ts'),
};
