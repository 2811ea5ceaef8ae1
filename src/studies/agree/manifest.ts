/** Settings, labels and presets of the comparison of methods. */
import type { StudyManifest } from '../contract.ts';
import { agreeSchema, type AgreeSettings } from './settings.ts';
import type { AgreeState } from './state.ts';

export const agree: StudyManifest<AgreeSettings, AgreeState> = {
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
  report: () => import('./report.ts'),
};
