/** EVA as an importance method. `eva.run.ts` measures it. */
import type { RanksMethod } from './contract.ts';
import { evaWords } from './eva.words.ts';

export const eva: RanksMethod = {
  gives: 'ranks',
  needs: 'batch',
  words: evaWords,
  code: async () => ({ allocation: (await import('./eva.run.ts')).evaAllocation }),
};
