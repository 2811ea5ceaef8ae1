/** The prune study (LoSA): rounds of pruning, measurement and fine-tuning. */
import type { Study } from '../contract.ts';
import type { PruneState } from './state.ts';

export const prune: Study<PruneState> = {
  order: 5,
  code: async () => {
    const [{ runPrune }, { reducePrune, pruneProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runPrune, reduce: reducePrune, progress: pruneProgress };
  },
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
