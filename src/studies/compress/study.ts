/**
 * The compress study (Compress to Impress): removes singular components where that improves the
 * task.
 */
import type { Study } from '../contract.ts';
import { compressSchema, taskFile, type CompressSettings } from './settings.ts';
import type { CompressState } from './state.ts';

export const compress: Study<CompressSettings, CompressState> = {
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
  code: async () => {
    const [{ runCompress }, { reduceCompress, compressProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runCompress, reduce: reduceCompress, progress: compressProgress };
  },
  report: () => import('./report.ts'),
  exported: async () => (await import('./export.ts')).exportCompressed,
  uses: () => ['model', 'bos', 'seed', 'training'],
  trains: true,
  takesAdapter: () => false,
  texts: ({ text, training }) => [text, training.train, training.held],
  files: ({ compress: { task } }) => (task.kind === 'set' ? [taskFile(task.id)] : []),
  makes: {
    base: 'compressed',
    decidedBy: /^(bos$|compress\.(?!checks|laser|plain))/,
    share: async () => (await import('./base-share.ts')).compressedShare,
  },
};
