/** Settings, labels and presets of compression. */
import type { StudyManifest } from '../contract.ts';
import { compressSchema, type CompressSettings } from './settings.ts';
import type { CompressState } from './state.ts';

export const compress: StudyManifest<CompressSettings, CompressState> = {
  settings: compressSchema,
  labels: {
    en: {
      tab: 'Compress',
      ready: 'Nothing tried yet',
      next: 'Play ranks every component and tries the best removals.',
      running: 'Compressing',
      done: 'Compressed',
    },
    ja: {
      tab: '圧縮',
      ready: 'まだ実行していません',
      next: '「実行」を押すと、全特異成分を順位付けし、上位の候補を試します。',
      running: '圧縮中',
      done: '圧縮が完了しました',
    },
  },
  presets: {
    /** One backward pass scores every removal of components: can less be better? */
    compress: {
      spec: { study: 'compress' },
      en: {
        name: 'Can less be better?',
        look: 'Look for: predicted against measured, and the results on test samples and plain text.',
      },
      ja: {
        name: '成分を除くと改善する？',
        look: '見どころ：予測と実測の一致、テスト用サンプルと一般テキストでの結果。',
      },
    },
  },
  place: 'tab',
  report: () => import('./report.ts'),
  exported: async () => (await import('./export.ts')).exportCompressed,
};
