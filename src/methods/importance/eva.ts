/** EVA as an importance method. `eva.run.ts` measures it. */
import type { RanksMethod } from './contract.ts';

export const eva: RanksMethod = {
  gives: 'ranks',
  needs: 'batch',
  code: async () => ({ allocation: (await import('./eva.run.ts')).evaAllocation }),
};
