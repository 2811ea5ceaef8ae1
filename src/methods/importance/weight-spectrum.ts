/** The stable rank of the weights as an importance method. `weight-spectrum.run.ts` measures it. */
import type { ImportancesMethod } from './contract.ts';

export const weightSpectrum: ImportancesMethod = {
  gives: 'importances',
  needs: 'weights',
  code: async () => {
    const { stableRanks } = await import('./weight-spectrum.run.ts');
    return { importances: stableRanks };
  },
};
