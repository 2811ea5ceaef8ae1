/** The words for the weights' stable rank on the page. */
import type { Language } from '../../language/language.ts';
import type { MethodWords } from './contract.ts';

export const weightSpectrumWords: Record<Language, MethodWords> = {
  en: {
    name: 'weight spectrum',
    about: 'Stable rank of the weights.',
  },
  ja: {
    name: '重みのスペクトル',
    about: '重みの安定ランク。',
  },
};
