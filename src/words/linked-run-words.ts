/** Words of the badge that compares a study's result with that of the link. */
import type { Language } from '../language/language.ts';
import { linkedRunEn } from './linked-run.en.ts';
import { linkedRunJa } from './linked-run.ja.ts';

export const linkedRunWords: Record<Language, typeof linkedRunEn> = {
  en: linkedRunEn,
  ja: linkedRunJa,
};
