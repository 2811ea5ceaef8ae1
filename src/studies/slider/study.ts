/** One training for every rank (QDyLoRA): which is enough? */
import type { Study } from '../contract.ts';
import { sliderSchema, type SliderSettings } from './settings.ts';
import type { SliderState } from './state.ts';

export const slider: Study<SliderSettings, SliderState> = {
  settings: sliderSchema,
  labels: {
    en: {
      tab: 'Slider',
      ready: 'Nothing trained yet',
      next: 'Play trains one adapter for every rank.',
      running: 'Training for every rank',
      done: 'Trained for every rank',
    },
    ja: {
      tab: 'ランク',
      ready: 'まだ学習していません',
      next: '再生を押すと全ランクに通用するアダプターを学習します。',
      running: '全ランク向けに学習中',
      done: '全ランク向けの学習が終わりました',
    },
  },
  presets: {
    /** One training for all ranks to 16: where does the curve flatten? */
    qdylora: {
      spec: { study: 'slider' },
      en: {
        name: 'How small can it be?',
        look: 'Look for: the rank from which the curve is flat.',
      },
      ja: { name: 'どこまで小さくできる？', look: '見どころ：曲線が平らになり始めるランク。' },
    },
  },
  place: 'tab',
  code: async () => {
    const [{ runSlider }, { reduceSlider }, { sliderProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
      import('./verdict.ts'),
    ]);
    return { run: runSlider, reduce: reduceSlider, progress: sliderProgress };
  },
  report: () => import('./report.ts'),
  need: async () => (await import('./need.ts')).sliderNeed,
  uses: ({ slider }) =>
    slider.ranks === 'map'
      ? ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method', 'allocation', 'training']
      : ['model', 'bos', 'seed', 'training'],
  trains: true,
  followsMap: ({ slider }) => slider.ranks === 'map',
  takesAdapter: () => false,
  texts: ({ text, training }) => [text, training.train, training.held],
};
