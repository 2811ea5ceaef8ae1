/** EVA as a method; how it measures is in `eva.run.ts`. */
import type { RanksMethod } from './contract.ts';
import { evaWords } from './eva.words.ts';

export const eva: RanksMethod = {
  gives: 'ranks',
  needs: 'batch',
  words: evaWords,
  code: async () => ({ allocation: (await import('./eva.run.ts')).evaAllocation }),
};
