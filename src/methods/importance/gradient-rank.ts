/**
 * The effective rank of the gradient as an importance method. `gradient-rank.run.ts` measures it.
 */
import type { ImportancesMethod } from './contract.ts';

export const gradientRank: ImportancesMethod = {
  gives: 'importances',
  needs: 'batch',
  code: async () => {
    const { gradientRanks } = await import('./gradient-rank.run.ts');
    return { importances: (engine, batch) => gradientRanks(engine, batch) };
  },
};
