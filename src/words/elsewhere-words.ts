/** The words for models elsewhere in every language; they come with the picker. */
import type { Language } from '../state/view-store.ts';
import { elsewhereEn, type ElsewhereWords } from './elsewhere.en.ts';
import { elsewhereJa } from './elsewhere.ja.ts';
import { useWords } from '../ui/use-words.ts';

export const elsewhereWords: Record<Language, ElsewhereWords> = {
  en: elsewhereEn,
  ja: elsewhereJa,
};

export const useElsewhereWords = (): ElsewhereWords =>
  elsewhereWords[useWords().locale as Language];
