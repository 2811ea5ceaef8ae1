/** Settings, labels and presets of training. */
import type { StudyManifest } from '../contract.ts';
import { trainSchema, type TrainSettings } from './settings.ts';
import type { TrainState } from './state.ts';

export const train: StudyManifest<TrainSettings, TrainState> = {
  settings: trainSchema,
  labels: {
    en: {
      tab: 'Slider',
      ready: 'Nothing trained yet',
      next: 'Play trains the adapter.',
      running: 'Training the adapter',
      done: 'Trained',
    },
    ja: {
      tab: 'ランク',
      ready: 'まだ学習していません',
      next: '「実行」を押すと、アダプターを学習します。',
      running: 'アダプターを学習中',
      done: '学習が完了しました',
    },
  },
  presets: {
    /** One training run for all ranks up to 16: where does the curve flatten? */
    qdylora: {
      spec: { study: 'train' },
      en: {
        name: 'How small can it be?',
        look: 'Look for: the rank from which the curve is flat.',
      },
      ja: {
        name: 'ランクはどこまで下げられる？',
        look: '見どころ：曲線が平らになり始めるランク。',
      },
    },
  },
  place: 'tab',
  report: () => import('./report.ts'),
};
