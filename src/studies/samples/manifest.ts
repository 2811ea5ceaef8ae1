/** Settings, labels and presets of generated texts. */
import type { StudyManifest } from '../contract.ts';
import { samplesSchema, type SamplesSettings } from './settings.ts';
import type { SamplesState } from './state.ts';

export const samples: StudyManifest<SamplesSettings, SamplesState> = {
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
  report: () => import('./report.ts'),
  repeats: true,
};
