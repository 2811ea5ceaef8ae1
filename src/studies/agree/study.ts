/**
 * The agreement study: compares the order and the cost of several methods on the same modules and
 * text.
 */
import type { Study } from '../contract.ts';
import type { AgreeState } from './state.ts';

export const agree: Study<AgreeState> = {
  order: 2,
  code: async () => {
    const [{ runAgree }, { reduceAgree, agreeProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runAgree, reduce: reduceAgree, progress: agreeProgress };
  },
  uses: () => ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method'],
  trains: true,
  takesAdapter: () => false,
  texts: ({ text, training }) => [text, training.train, training.held],
};
