/**
 * The agreement study: compares the order and the cost of several methods on the same modules and
 * text.
 */
import type { Study } from '../contract.ts';
import { agreeSchema, type AgreeSettings } from './settings.ts';
import type { AgreeState } from './state.ts';

export const agree: Study<AgreeSettings, AgreeState> = {
  settings: agreeSchema,
  labels: {
    en: {
      tab: 'Agreement',
      ready: 'Nothing compared yet',
      next: 'Play measures with one method after another.',
      running: 'Comparing methods',
      done: 'Methods compared',
    },
    ja: {
      tab: '手法の一致',
      ready: 'まだ比較していません',
      next: '「実行」を押すと、各手法で順に測定します。',
      running: '手法を比較中',
      done: '手法の比較が完了しました',
    },
  },
  presets: {
    agree: {
      spec: { study: 'agree' },
      en: { name: 'Do methods agree?', look: 'Look for: Spearman, and the time.' },
      ja: { name: '手法は一致する？', look: '見どころ：スピアマンの順位相関と測定時間。' },
    },
  },
  place: 'panel',
  code: async () => {
    const [{ runAgree }, { reduceAgree, agreeProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runAgree, reduce: reduceAgree, progress: agreeProgress };
  },
  report: () => import('./report.ts'),
  uses: () => ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method'],
  trains: true,
  takesAdapter: () => false,
  texts: ({ text, training }) => [text, training.train, training.held],
};
