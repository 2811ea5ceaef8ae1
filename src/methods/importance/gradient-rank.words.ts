/** The words for the gradient's effective rank on the page. */
import type { Language } from '../../language/language.ts';
import type { MethodWords } from './contract.ts';

export const gradientRankWords: Record<Language, MethodWords> = {
  en: {
    name: 'gradient rank',
    about: 'The effective rank of the gradient.',
  },
  ja: {
    name: '勾配ランク',
    about: '勾配の実効ランク。',
  },
};
