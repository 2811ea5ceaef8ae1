/** The prune study (LoSA): rounds of pruning, measurement and fine-tuning. */
import type { Study } from '../contract.ts';
import { pruneSchema, type PruneSettings } from './settings.ts';
import type { PruneState } from './state.ts';

export const prune: Study<PruneSettings, PruneState> = {
  settings: pruneSchema,
  labels: {
    en: {
      tab: 'Prune',
      ready: 'Nothing pruned yet',
      next: 'Play prunes and fine-tunes in rounds.',
      running: 'Pruning',
      done: 'Pruned',
    },
    ja: {
      tab: '枝刈り',
      ready: 'まだ枝刈りしていません',
      next: '「実行」を押すと、枝刈り、測定、ファインチューニングを繰り返します。',
      running: '枝刈り中',
      done: '枝刈りが完了しました',
    },
  },
  presets: {
    /** 50, 60 and 70 % sparsity, fine-tuned round by round: which layers retain their weights? */
    'losa-50': {
      spec: { study: 'prune' },
      en: {
        name: 'What can go?',
        look: 'Look for: layers that retain weights, and the loss at 50 % zeros.',
      },
      ja: {
        name: 'どの重みを除ける？',
        look: '見どころ：重みが多く残る層と、半分を除いたときの損失の増加。',
      },
    },
    'losa-60': {
      spec: { study: 'prune', prune: { sparsity: 0.6 } },
      en: {
        name: 'What can go? Six in ten',
        look: 'Look for: rounds in which fine-tuning no longer recovers the loss.',
      },
      ja: {
        name: 'どの重みを除ける？（60 %）',
        look: '見どころ：ファインチューニングで損失が回復しなくなるラウンド。',
      },
    },
    'losa-70': {
      spec: { study: 'prune', prune: { sparsity: 0.7 } },
      en: { name: 'What can go? Seven in ten', look: 'Look for: which layers get the rank.' },
      ja: { name: 'どの重みを除ける？（70 %）', look: '見どころ：高いランクが割り当てられる層。' },
    },
  },
  place: 'tab',
  code: async () => {
    const [{ runPrune }, { reducePrune, pruneProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runPrune, reduce: reducePrune, progress: pruneProgress };
  },
  report: () => import('./report.ts'),
  exported: async () => (await import('./export.ts')).exportPruned,
  need: async () => (await import('./need.ts')).pruneNeed,
  uses: () => ['model', 'bos', 'seed', 'training'],
  trains: true,
  takesAdapter: () => false,
  texts: ({ text, training }) => [text, training.train, training.held],
  makes: {
    base: 'pruned',
    decidedBy: /^(bos$|prune\.(?!baselines)|training\.(?!held|evaluateEvery))/,
    share: async () => (await import('./base-share.ts')).prunedShare,
  },
};
