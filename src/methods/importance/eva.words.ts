/** The words for EVA on the page. */
import type { Language } from '../../language/language.ts';
import type { MethodWords } from './contract.ts';

export const evaWords: Record<Language, MethodWords> = {
  en: {
    name: 'EVA',
    about: 'Ranks by explained variance of the inputs; A starts as their principal components.',
  },
  ja: {
    name: 'EVA',
    about: '入力の説明分散に応じてランクを割り当て、A を入力の主成分で初期化します。',
  },
};
