/** The train study: a LoRA, or an adapter for every rank (QDyLoRA). Which rank is enough? */
import type { Study } from '../contract.ts';
import type { ExperimentSpec } from '../spec.ts';
import { trainSchema, type TrainSettings } from './settings.ts';
import type { TrainState } from './state.ts';

const followsMap = ({ train: { start, ranks } }: ExperimentSpec): boolean =>
  start === 'fresh' && ranks.kind === 'map';

export const train: Study<TrainSettings, TrainState> = {
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
  code: async () => {
    const [{ runTrain }, { reduceTrain }, { trainProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
      import('./verdict.ts'),
    ]);
    return { run: runTrain, reduce: reduceTrain, progress: trainProgress };
  },
  report: () => import('./report.ts'),
  need: async () => (await import('./need.ts')).trainNeed,
  uses: (spec) =>
    followsMap(spec)
      ? ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method', 'allocation', 'training']
      : ['model', 'bos', 'seed', 'training'],
  trains: true,
  followsMap,
  takesAdapter: ({ train: { start } }) => start === 'given',
  texts: (spec) => [
    ...(followsMap(spec) ? [spec.text] : []),
    spec.training.train,
    spec.training.held,
  ],
};
