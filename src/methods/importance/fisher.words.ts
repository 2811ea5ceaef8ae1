/** The words for Fisher information on the page. */
import type { Language } from '../../language/language.ts';
import type { MethodWords } from './contract.ts';

export const fisherWords: Record<Language, MethodWords> = {
  en: {
    name: 'Fisher',
    about: 'Squared gradients per token.',
  },
  ja: {
    name: 'Fisher',
    about: 'トークンごとの勾配の2乗。',
  },
};
