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
      tab: '生成',
      ready: 'まだ生成していません',
      next: '「実行」を押すと、プロンプトの続きを生成します。',
      running: '生成中',
      done: '生成が完了しました',
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
