/** The words for models elsewhere in every language; they come with the picker. */
import type { Language } from '../language/language.ts';
import { elsewhereEn, type ElsewhereWords } from './elsewhere.en.ts';
import { elsewhereJa } from './elsewhere.ja.ts';

export const elsewhereWords: Record<Language, ElsewhereWords> = {
  en: elsewhereEn,
  ja: elsewhereJa,
};
