/** The samples study: generated text with and without an adapter. */
import type { Study } from '../contract.ts';
import { samplesSchema, type SamplesSettings } from './settings.ts';
import type { SamplesState } from './state.ts';

export const samples: Study<SamplesSettings, SamplesState> = {
  settings: samplesSchema,
  labels: {
    en: {
      tab: 'Text',
      ready: 'No text yet',
      next: 'Play continues the prompt.',
      running: 'Writing',
      done: 'Written',
    },
    ja: {
      tab: '文章',
      ready: 'まだ文章がありません',
      next: '再生を押すと続きを書きます。',
      running: '生成中',
      done: '生成が終わりました',
    },
  },
  presets: {},
  place: 'tab',
  code: async () => {
    const [{ runSamples }, { reduceSamples, samplesProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runSamples, reduce: reduceSamples, progress: samplesProgress };
  },
  report: () => import('./report.ts'),
  uses: () => ['model', 'bos', 'seed'],
  trains: false,
  takesAdapter: () => true,
  texts: ({ samples: { prompt } }) => [{ kind: 'own', text: prompt }],
  repeats: true,
};
