/** The words for GoRA's importance on the page. */
import type { Language } from '../../language/language.ts';
import type { MethodWords } from './contract.ts';

export const goraWords: Record<Language, MethodWords> = {
  en: {
    name: 'GoRA importance',
    about: 'Mean of |W ⊙ G|.',
  },
  ja: {
    name: 'GoRA の重要度',
    about: '|W ⊙ G| の平均。',
  },
};
