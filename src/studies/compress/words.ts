/** The compress study's words by language. */
import type { Language } from '../../language/language.ts';
import { compressEn } from './words.en.ts';
import { compressJa } from './words.ja.ts';

export const compressWords: Record<Language, typeof compressEn> = {
  en: compressEn,
  ja: compressJa,
};
